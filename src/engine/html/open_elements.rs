//! The open elements: which ends are implied, and what an end tag closes.
//!
//! lol_html knows no implied end tags, so the tree rules of the WHATWG HTML standard (section 13.2.6) that decide where
//! an element ends are kept here, for both routes. Not here on purpose: reparenting (foster parents, the copies that the
//! adoption agency makes); text stays in the order of the source, and a formatting element that ends inside blocks opened
//! after it is removed: it closes, they stay open. What of that decides what is shown is reported: see [`OpenElements::moved`].
//! Formatting that browsers open again is no element here, and only known for what its end tag closes: [`ActiveFormatting`]. Nor is
//! quirks mode here, where a `table` does not close a `p`.
//!
//! # Limits
//! Looking for an open element costs the same however deep the stack is: each name and each kind of border keeps its own
//! list of the elements that are open.

use std::collections::HashMap;

use super::{
    active_formatting::ActiveFormatting,
    scope::{BORDERS, ElementScope, IntegrationPoint, Namespace, OpenElement},
    tags::Tag,
    tokens::StartTag,
};

/// An element that is no longer open.
#[derive(Debug)]
pub(crate) struct ClosedElement {
    pub(crate) id: u32,
    /// Where it stood on the stack.
    pub(crate) position: usize,
    /// It was taken out from under elements that stay open.
    pub(crate) unhooked: bool,
}

/// What becomes of a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartAction {
    /// It opens an element.
    Insert {
        namespace: Namespace,
        /// It ends at once, whatever follows: a `form` between the parts of a table.
        empty: bool,
    },
    /// The standard ignores it, or merges its attributes into an element that is open.
    Ignore,
}

const HTML: StartAction = StartAction::Insert {
    namespace: Namespace::Html,
    empty: false,
};

/// What an end tag did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndAction {
    /// It closed the last one of the elements reported.
    Closed,
    /// It closed nothing.
    Nothing,
    /// `</br>` stands for `<br>`.
    LineBreak,
}

/// An element that stands no longer in what closed around it, though it stays open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReparentedElement {
    pub(crate) id: u32,
    /// The element that is around it now.
    pub(crate) parent: Option<u32>,
}

/// The stack of open elements. Elements that an operation closes are appended to [`OpenElements::closed`], innermost first.
#[derive(Debug)]
pub(crate) struct OpenElements {
    open: Vec<OpenElement>,
    serials: u64,
    /// What has closed since the caller last took it, in order.
    pub(crate) closed: Vec<ClosedElement>,
    /// What stands somewhere else since then, innermost first.
    pub(crate) moved: Vec<ReparentedElement>,
    /// Of the whole document, and of each open element that keeps formatting to itself.
    active_formatting: Vec<ActiveFormatting>,
    in_body: bool,
    /// The form that was opened last and not ended by its own tag, open or not: until then no other opens.
    form: Option<u64>,
    /// The serials of the open HTML elements by tag, of those outside the table by name, of the foreign ones by name.
    named: Vec<Vec<u64>>,
    others: HashMap<u32, Vec<u64>>,
    foreign: HashMap<u32, Vec<u64>>,
    /// The serials of the open elements that are borders, by kind.
    borders: [Vec<u64>; BORDERS],
}

/// Does something with the lists of these kinds of border: most elements are one or two.
fn for_each_list(borders: &mut [Vec<u64>; BORDERS], mut kinds: u8, mut act: impl FnMut(&mut Vec<u64>)) {
    while kinds != 0 {
        act(&mut borders[kinds.trailing_zeros() as usize]);
        kinds &= kinds - 1;
    }
}

impl OpenElements {
    pub(crate) fn new() -> Self {
        OpenElements {
            open: Vec::new(),
            serials: 0,
            closed: Vec::new(),
            moved: Vec::new(),
            active_formatting: vec![ActiveFormatting::default()],
            in_body: false,
            form: None,
            named: vec![Vec::new(); Tag::COUNT],
            others: HashMap::new(),
            foreign: HashMap::new(),
            borders: Default::default(),
        }
    }

    pub(crate) fn top(&self) -> Option<&OpenElement> {
        self.open.last()
    }

    pub(crate) fn top_mut(&mut self) -> Option<&mut OpenElement> {
        self.open.last_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether an `svg` or `math` element is open anywhere.
    pub(crate) fn has_foreign(&self) -> bool {
        self.foreign.values().any(|open| !open.is_empty())
    }

    /// Opens an element as [`OpenElements::start`] said.
    pub(crate) fn push(&mut self, tag: Tag, namespace: Namespace, start: &StartTag<'_>, name_hash: u32, id: u32) {
        let point = match (namespace, tag) {
            (Namespace::Svg, Tag::FOREIGNOBJECT | Tag::DESC | Tag::TITLE) => IntegrationPoint::Html,
            (Namespace::MathMl, Tag::MI | Tag::MO | Tag::MN | Tag::MS | Tag::MTEXT) => IntegrationPoint::MathText,
            (Namespace::MathMl, Tag::ANNOTATION_XML) => match start.attribute("encoding") {
                Some(value)
                    if value.eq_ignore_ascii_case(b"text/html")
                        || value.eq_ignore_ascii_case(b"application/xhtml+xml") =>
                {
                    IntegrationPoint::Html
                }
                _ => IntegrationPoint::Annotation,
            },
            _ => IntegrationPoint::No,
        };
        let mut element = OpenElement {
            tag,
            name_hash,
            id,
            children: 0,
            namespace,
            point,
            serial: self.serials,
            borders: 0,
        };
        self.serials += 1;
        if tag == Tag::FORM && namespace == Namespace::Html {
            self.form = Some(element.serial);
        }
        self.names_of(&element).push(element.serial);
        if element.keeps_formatting() {
            self.active_formatting.push(ActiveFormatting::default());
        }
        element.borders = element.kinds();
        for_each_list(&mut self.borders, element.borders, |list| list.push(element.serial));
        self.open.push(element);
    }

    fn names_of(&mut self, element: &OpenElement) -> &mut Vec<u64> {
        match (element.namespace, element.tag) {
            (Namespace::Html, Tag::OTHER) => self.others.entry(element.name_hash).or_default(),
            (Namespace::Html, tag) => &mut self.named[tag.index()],
            _ => self.foreign.entry(element.name_hash).or_default(),
        }
    }

    /// Closes the innermost element: the end of raw text, or a void element.
    pub(crate) fn pop(&mut self) {
        let Some(top) = self.open.len().checked_sub(1) else {
            return;
        };
        let OpenElement { tag, serial, .. } = self.open[top];
        let is_formatting = tag.is_formatting() && !self.open[top].is_foreign();
        if self.open[top].keeps_formatting() && self.active_formatting.len() > 1 {
            self.active_formatting.pop();
        }
        self.unhook(top);
        if let Some(list) = self.active_formatting.last_mut() {
            list.close_above(serial);
            if is_formatting {
                list.add(tag);
            }
        }
    }

    /// Text or an inline element: formatting that was closed by what is around it is open again.
    pub(crate) fn reopen_formatting(&mut self) {
        if let Some(list) = self.active_formatting.last_mut()
            && list.open_all(self.serials)
        {
            self.serials += 1;
        }
    }

    /// Closes everything from `position` up.
    fn pop_to(&mut self, position: usize) {
        while self.open.len() > position {
            self.pop();
        }
    }

    /// Takes one element out and leaves those above it open.
    fn unhook(&mut self, position: usize) {
        let element = self.open.remove(position);
        let forget = |list: &mut Vec<u64>| {
            // Nearly always the last one.
            if list.pop_if(|last| *last == element.serial).is_some() {
                return;
            }
            if let Some(i) = list.iter().rposition(|serial| *serial == element.serial) {
                list.remove(i);
            }
        };
        let names = self.names_of(&element);
        forget(names);
        let none_left = names.is_empty();
        match (element.namespace, element.tag) {
            (Namespace::Html, Tag::OTHER) if none_left => drop(self.others.remove(&element.name_hash)),
            (Namespace::Html, _) => {}
            _ if none_left => drop(self.foreign.remove(&element.name_hash)),
            _ => {}
        }
        for_each_list(&mut self.borders, element.borders, forget);
        self.closed.push(ClosedElement {
            id: element.id,
            position,
            unhooked: position < self.open.len(),
        });
    }

    pub(crate) fn pop_all(&mut self) {
        self.pop_to(0);
    }

    /// Where the innermost of these elements stands, unless a border is above it.
    fn place(&self, serials: Option<&Vec<u64>>, border: ElementScope) -> Option<usize> {
        let serial = serials?.last()?;
        if self.borders[border as usize].last() > Some(serial) {
            return None;
        }
        self.open.binary_search_by_key(serial, |e| e.serial).ok()
    }

    /// The innermost HTML element of this tag that no border hides.
    fn find(&self, tag: Tag, border: ElementScope) -> Option<usize> {
        self.place(Some(&self.named[tag.index()]), border)
    }

    fn find_any(&self, tags: &[Tag], border: ElementScope) -> Option<usize> {
        tags.iter().filter_map(|tag| self.find(*tag, border)).max()
    }

    fn in_scope(&self, tag: Tag) -> Option<usize> {
        self.find(tag, ElementScope::Scope)
    }

    fn pop_from(&mut self, position: Option<usize>) {
        if let Some(position) = position {
            self.pop_to(position);
        }
    }

    fn close_p(&mut self) {
        self.pop_from(self.find(Tag::P, ElementScope::Button));
    }

    fn top_is(&self, wanted: impl Fn(Tag) -> bool) -> bool {
        self.top().is_some_and(|top| !top.is_foreign() && wanted(top.tag))
    }

    /// Closes the elements on top whose end tags may be left out, but for `except`.
    fn imply_ends(&mut self, except: Tag) {
        let implied = [
            Tag::DD,
            Tag::DT,
            Tag::LI,
            Tag::OPTION,
            Tag::OPTGROUP,
            Tag::P,
            Tag::RB,
            Tag::RP,
            Tag::RT,
            Tag::RTC,
        ];
        while self.top_is(|tag| tag != except && implied.contains(&tag)) {
            self.pop();
        }
    }

    /// The table that a table part would belong to.
    fn table(&self) -> Option<usize> {
        self.find(Tag::TABLE, ElementScope::Table)
    }

    /// That table, where we are between its parts and in none of its cells.
    fn bare_table(&self) -> Option<usize> {
        let table = self.table()?;
        match self.find_any(&[Tag::TD, Tag::TH, Tag::CAPTION], ElementScope::Table) {
            Some(_) => None,
            None => Some(table),
        }
    }

    /// Text other than white space, or an element that does not belong there, ends `head`.
    pub(crate) fn enter_body(&mut self) {
        if !self.in_body {
            self.in_body = true;
            self.pop_from(self.in_scope(Tag::HEAD));
        }
    }

    /// Closes the foreign elements on top, up to one whose content is HTML.
    fn break_out(&mut self) {
        while self.top().is_some_and(|top| {
            top.is_foreign() && !matches!(top.point, IntegrationPoint::MathText | IntegrationPoint::Html)
        }) {
            self.pop();
        }
    }

    /// A start tag: closes what it ends, and says whether it opens an element.
    pub(crate) fn start(&mut self, tag: Tag, start: &StartTag<'_>) -> StartAction {
        if let Some(top) = self.top().filter(|top| !top.takes_html(tag)) {
            let is_styled_font = || tag == Tag::FONT && start.attributes().any(|(name, _)| is_font_attribute(name));
            if !(tag.breaks_out() || is_styled_font()) {
                return StartAction::Insert {
                    namespace: top.namespace,
                    empty: false,
                };
            }
            self.break_out();
        }
        match tag {
            Tag::HTML if self.len() > 0 => return StartAction::Ignore,
            Tag::HTML => return HTML,
            Tag::HEAD if self.in_body || !self.named[Tag::HEAD.index()].is_empty() => return StartAction::Ignore,
            Tag::HEAD => return HTML,
            Tag::BODY if self.in_body => return StartAction::Ignore,
            Tag::FORM if self.form.is_some() => return StartAction::Ignore,
            Tag::FRAME | Tag::FRAMESET => return StartAction::Ignore,
            Tag::TABLE => self.pop_from(self.bare_table()),
            _ => {}
        }
        if !tag.is_head() {
            self.enter_body();
        }
        if tag.closes_p() {
            self.close_p();
        }
        if tag.is_heading() && self.top_is(Tag::is_heading) {
            self.pop();
        }
        match tag {
            Tag::LI => self.close_item(&[Tag::LI]),
            Tag::DD | Tag::DT => self.close_item(&[Tag::DD, Tag::DT]),
            Tag::BUTTON => self.pop_from(self.in_scope(Tag::BUTTON)),
            Tag::A | Tag::NOBR => {
                self.end_formatting(tag);
            }
            Tag::SELECT => {
                if let Some(open) = self.in_scope(Tag::SELECT) {
                    self.pop_to(open);
                    return StartAction::Ignore;
                }
            }
            Tag::INPUT => self.pop_from(self.in_scope(Tag::SELECT)),
            Tag::HR | Tag::OPTGROUP if self.in_scope(Tag::SELECT).is_some() => self.imply_ends(Tag::OTHER),
            Tag::OPTION if self.in_scope(Tag::SELECT).is_some() => self.imply_ends(Tag::OPTGROUP),
            Tag::OPTION | Tag::OPTGROUP if self.top_is(|top| top == Tag::OPTION) => self.pop(),
            Tag::RB | Tag::RTC if self.in_scope(Tag::RUBY).is_some() => self.imply_ends(Tag::OTHER),
            Tag::RT | Tag::RP if self.in_scope(Tag::RUBY).is_some() => self.imply_ends(Tag::RTC),
            Tag::FORM => {
                return StartAction::Insert {
                    namespace: Namespace::Html,
                    empty: self.bare_table().is_some(),
                };
            }
            Tag::CAPTION | Tag::COLGROUP | Tag::COL => return self.table_part(tag),
            Tag::TBODY | Tag::THEAD | Tag::TFOOT | Tag::TR | Tag::TD | Tag::TH => return self.table_part(tag),
            _ => {}
        }
        if tag.reopens_formatting() {
            self.reopen_formatting();
        }
        StartAction::Insert {
            namespace: match tag {
                Tag::SVG => Namespace::Svg,
                Tag::MATH => Namespace::MathMl,
                _ => Namespace::Html,
            },
            empty: false,
        }
    }

    /// `<li>` ends an open item of the same list, `<dd>` and `<dt>` likewise.
    fn close_item(&mut self, items: &[Tag]) {
        self.pop_from(self.find_any(items, ElementScope::Item));
        self.close_p();
    }

    fn table_part(&mut self, tag: Tag) -> StartAction {
        let Some(table) = self.table() else {
            return StartAction::Ignore;
        };
        // The innermost part of this table that may hold the new one. What is above it closes, so each is passed once.
        let holds = |parent: Tag| match tag {
            Tag::TD | Tag::TH => matches!(parent, Tag::TR | Tag::TBODY | Tag::THEAD | Tag::TFOOT),
            Tag::TR => matches!(parent, Tag::TBODY | Tag::THEAD | Tag::TFOOT),
            Tag::COL => parent == Tag::COLGROUP,
            _ => false,
        };
        let parent = (table + 1..self.open.len())
            .rev()
            .find(|i| !self.open[*i].is_foreign() && holds(self.open[*i].tag));
        self.pop_to(parent.unwrap_or(table) + 1);
        HTML
    }

    /// An end tag: closes what it ends, the element it names last.
    pub(crate) fn end(&mut self, tag: Tag, name_hash: u32) -> EndAction {
        let before = self.closed.len();
        if self.top().is_some_and(OpenElement::is_foreign) {
            if matches!(tag, Tag::P | Tag::BR) {
                self.break_out();
            } else if let Some(place) = self.place(self.foreign.get(&name_hash), ElementScope::Html) {
                self.pop_to(place);
                return EndAction::Closed;
            }
        }
        match tag {
            Tag::HTML | Tag::BODY => return EndAction::Nothing, // what follows them still belongs to the body
            Tag::BR => return EndAction::LineBreak,
            Tag::P => self.close_p(),
            Tag::LI => self.pop_from(self.find(tag, ElementScope::List)),
            Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6 => {
                let headings = [Tag::H1, Tag::H2, Tag::H3, Tag::H4, Tag::H5, Tag::H6];
                self.pop_from(self.find_any(&headings, ElementScope::Scope));
            }
            Tag::FORM => self.end_form(),
            Tag::TABLE | Tag::CAPTION | Tag::COLGROUP | Tag::TD | Tag::TH => {
                self.pop_from(self.find(tag, ElementScope::Table))
            }
            Tag::TBODY | Tag::THEAD | Tag::TFOOT | Tag::TR => self.end_rows(tag),
            Tag::TEMPLATE => {
                if let Some(serial) = self.named[tag.index()].last() {
                    self.pop_from(self.open.binary_search_by_key(serial, |e| e.serial).ok());
                }
            }
            _ if tag.is_formatting() => {
                if !self.end_formatting(tag) {
                    return EndAction::Nothing;
                }
            }
            _ if tag.is_special() || tag.closes_p() => self.pop_from(self.in_scope(tag)),
            Tag::OTHER => self.pop_from(self.place(self.others.get(&name_hash), ElementScope::Special)),
            _ => self.pop_from(self.find(tag, ElementScope::Special)),
        }
        if self.closed.len() > before {
            EndAction::Closed
        } else {
            EndAction::Nothing
        }
    }

    /// The end of a row or of a group of rows, whose start may have been left out.
    fn end_rows(&mut self, tag: Tag) {
        let inside: &[Tag] = match tag {
            _ if self.find(tag, ElementScope::Table).is_some() => &[],
            Tag::TR => &[Tag::TD, Tag::TH],
            Tag::TBODY if self.find_any(&[Tag::THEAD, Tag::TFOOT], ElementScope::Table).is_none() => {
                &[Tag::TR, Tag::TD, Tag::TH]
            }
            _ => &[],
        };
        let outermost = inside
            .iter()
            .filter_map(|tag| self.find(*tag, ElementScope::Table))
            .min();
        self.pop_from(self.find(tag, ElementScope::Table).or(outermost));
    }

    fn end_form(&mut self) {
        let Some(serial) = self.form.take() else { return };
        if self.place(Some(&vec![serial]), ElementScope::Scope).is_none() {
            return;
        }
        self.imply_ends(Tag::OTHER);
        if let Ok(position) = self.open.binary_search_by_key(&serial, |e| e.serial) {
            self.unhook(position);
        }
    }

    /// The adoption agency (section 13.2.6.4.7) without its copies: the blocks inside stay open, and so does formatting,
    /// which browsers would open again; what else stands inside closes. Returns whether an element of this name closed.
    fn end_formatting(&mut self, tag: Tag) -> bool {
        let own = self.in_scope(tag);
        let active_formatting = self.active_formatting.last().and_then(|list| list.find(tag));
        let Some((i, serial)) = active_formatting.filter(|(_, serial)| match (serial, own) {
            (Some(serial), Some(own)) => *serial > self.open[own].serial,
            _ => true,
        }) else {
            if let Some(own) = own {
                self.close_inlines_from(own + 1);
                self.unhook(own);
            }
            return own.is_some();
        };
        let scope = self.borders[ElementScope::Scope as usize].last();
        if serial.is_some_and(|serial| scope > Some(&serial)) {
            return false;
        }
        if let Some(list) = self.active_formatting.last_mut() {
            list.remove(i);
        }
        if let Some(serial) = serial {
            self.close_inlines_from(self.open.partition_point(|e| e.serial < serial));
        }
        false
    }

    /// Closes what is neither a block nor formatting, from `position` up. A block inside it stands in it no longer, which
    /// is reported where it decides whether the block is shown.
    fn close_inlines_from(&mut self, position: usize) {
        // The block next above, and whether an element that shows nothing has closed below it.
        let (mut block, mut is_out) = (None, false);
        for above in (position..self.open.len()).rev() {
            let element = &self.open[above];
            let (id, tag) = (element.id, element.tag);
            if element.is_special() {
                self.moved
                    .extend(block.filter(|_| is_out).map(|block| ReparentedElement {
                        id: block,
                        parent: Some(id),
                    }));
                (block, is_out) = (Some(id), false);
            } else if element.is_foreign() || !tag.is_formatting() {
                is_out |= tag.is_unseen() && block.is_some();
                self.unhook(above);
            }
        }
        let parent = position.checked_sub(1).map(|below| self.open[below].id);
        self.moved
            .extend(block.filter(|_| is_out).map(|id| ReparentedElement { id, parent }));
    }
}

fn is_font_attribute(name: &[u8]) -> bool {
    [&b"color"[..], b"face", b"size"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}
