//! The open elements: which ends are implied, and what an end tag closes.
//!
//! lol_html knows no implied end tags, so the tree rules of the WHATWG HTML standard (section 13.2.6) that decide where
//! an element ends are kept here, for both roads. Not here on purpose: reparenting (foster parents, the copies that the
//! adoption agency makes); text stays in the order of the source, and a formatting element that ends inside blocks
//! opened after it is *unhooked*: it closes, they stay open.

use super::tags::Tag;

/// One open element.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) tag: Tag,
    /// Tells unknown names apart.
    pub(super) name_hash: u32,
    /// The number that the road gave it.
    pub(super) id: u32,
    /// Whether it is an `svg` or `math` element or inside one.
    pub(super) foreign: bool,
    /// Elements seen directly inside, for `:nth-child()`.
    pub(super) children: u32,
}

/// An element that is no longer open.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) id: u32,
    /// Where it stood on the stack.
    pub(super) position: usize,
    /// It was taken out from under elements that stay open.
    pub(super) unhooked: bool,
}

/// What becomes of a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It opens an element.
    Insert {
        /// The element belongs to `svg` or `math`.
        foreign: bool,
    },
    /// The standard ignores it, or merges its attributes into an element that is open.
    Ignore,
}

/// What an end tag did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It closed the last one of the elements reported.
    Closed,
    /// It closed nothing.
    Nothing,
    /// `</br>` stands for `<br>`.
    LineBreak,
}

/// The stack of open elements. Elements that an operation closes are appended to [`Stack::closed`], innermost first.
#[derive(Debug)]
pub(super) struct Stack {
    open: Vec<Open>,
    /// How many of each tag are open, so that looking for one that is not costs nothing.
    count: [u32; Tag::COUNT],
    /// What has closed since the caller last took it, in order.
    pub(super) closed: Vec<Closed>,
    in_body: bool,
}

impl Stack {
    pub(super) fn new() -> Self {
        Stack {
            open: Vec::new(),
            count: [0; Tag::COUNT],
            closed: Vec::new(),
            in_body: false,
        }
    }

    pub(super) fn top(&self) -> Option<&Open> {
        self.open.last()
    }

    pub(super) fn top_mut(&mut self) -> Option<&mut Open> {
        self.open.last_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn has(&self, tag: Tag) -> bool {
        self.count[tag.index()] > 0
    }

    pub(super) fn push(&mut self, element: Open) {
        self.count[element.tag.index()] += 1;
        self.open.push(element);
    }

    /// Closes the innermost element: the end of raw text, or a void element.
    pub(super) fn pop(&mut self) {
        if let Some(element) = self.open.pop() {
            self.count[element.tag.index()] -= 1;
            self.closed.push(Closed {
                id: element.id,
                position: self.open.len(),
                unhooked: false,
            });
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
        self.count[element.tag.index()] -= 1;
        self.closed.push(Closed {
            id: element.id,
            position,
            unhooked: position < self.open.len(),
        });
    }

    pub(super) fn pop_all(&mut self) {
        self.pop_to(0);
    }

    /// The innermost `tag` that no border hides.
    fn find(&self, wanted: impl Fn(Tag) -> bool, border: impl Fn(&Open) -> bool) -> Option<usize> {
        for (i, element) in self.open.iter().enumerate().rev() {
            if !element.foreign && wanted(element.tag) {
                return Some(i);
            }
            if border(element) {
                return None;
            }
        }
        None
    }

    fn in_scope(&self, tag: Tag) -> Option<usize> {
        if !self.has(tag) {
            return None;
        }
        self.find(|t| t == tag, |e| e.tag.is_scope())
    }

    fn p_in_button_scope(&self) -> Option<usize> {
        if !self.has(Tag::P) {
            return None;
        }
        self.find(|t| t == Tag::P, |e| e.tag.is_scope() || e.tag == Tag::BUTTON)
    }

    fn close_p(&mut self) {
        if let Some(i) = self.p_in_button_scope() {
            self.pop_to(i);
        }
    }

    /// The table that a table part would belong to.
    fn table(&self) -> Option<usize> {
        if !self.has(Tag::TABLE) {
            return None;
        }
        self.find(|t| t == Tag::TABLE, |e| matches!(e.tag, Tag::TEMPLATE | Tag::HTML))
    }

    /// Text other than white space, or an element that does not belong there, ends `head`.
    pub(super) fn enter_body(&mut self) {
        if !self.in_body {
            self.in_body = true;
            if let Some(i) = self.in_scope(Tag::HEAD) {
                self.pop_to(i);
            }
        }
    }

    /// A start tag: closes what it ends, and says whether it opens an element.
    pub(super) fn start(&mut self, tag: Tag) -> Start {
        if self.top().is_some_and(|top| top.foreign && !is_html_inside(top.tag)) {
            if !tag.breaks_out() {
                return Start::Insert { foreign: true };
            }
            while self.top().is_some_and(|top| top.foreign && !is_html_inside(top.tag)) {
                self.pop();
            }
        }
        match tag {
            Tag::HTML => {
                return if self.has(Tag::HTML) || self.len() > 0 {
                    Start::Ignore
                } else {
                    Start::Insert { foreign: false }
                };
            }
            Tag::HEAD => {
                return if self.has(Tag::HEAD) || self.in_body {
                    Start::Ignore
                } else {
                    Start::Insert { foreign: false }
                };
            }
            Tag::BODY if self.in_body => return Start::Ignore,
            _ if !tag.is_head() => self.enter_body(),
            _ => {}
        }
        if tag.closes_p() {
            self.close_p();
        }
        if tag.is_heading() && self.top().is_some_and(|top| top.tag.is_heading()) {
            self.pop();
        }
        match tag {
            Tag::LI => self.close_item(|t| t == Tag::LI),
            Tag::DD | Tag::DT => self.close_item(|t| matches!(t, Tag::DD | Tag::DT)),
            Tag::BUTTON => {
                if let Some(i) = self.in_scope(Tag::BUTTON) {
                    self.pop_to(i);
                }
            }
            // A new link or `nobr` ends an open one.
            Tag::A | Tag::NOBR => self.end_formatting(tag),
            Tag::OPTION | Tag::OPTGROUP => {
                if self.top().is_some_and(|top| top.tag == Tag::OPTION) {
                    self.pop();
                }
                if tag == Tag::OPTGROUP && self.top().is_some_and(|top| top.tag == Tag::OPTGROUP) {
                    self.pop();
                }
            }
            Tag::RB | Tag::RT | Tag::RTC | Tag::RP if self.in_scope(Tag::RUBY).is_some() => {
                while self
                    .top()
                    .is_some_and(|top| matches!(top.tag, Tag::RB | Tag::RT | Tag::RTC | Tag::RP))
                {
                    self.pop();
                }
            }
            Tag::FORM if self.has(Tag::FORM) => return Start::Ignore,
            Tag::CAPTION
            | Tag::COLGROUP
            | Tag::COL
            | Tag::TBODY
            | Tag::THEAD
            | Tag::TFOOT
            | Tag::TR
            | Tag::TD
            | Tag::TH => {
                return self.table_part(tag);
            }
            Tag::FRAME | Tag::FRAMESET => return Start::Ignore,
            _ => {}
        }
        Start::Insert {
            foreign: matches!(tag, Tag::SVG | Tag::MATH),
        }
    }

    /// `<li>` ends an open item of the same list, `<dd>` and `<dt>` likewise.
    fn close_item(&mut self, wanted: fn(Tag) -> bool) {
        let border = |e: &Open| e.tag.is_special() && !matches!(e.tag, Tag::ADDRESS | Tag::DIV | Tag::P);
        if let Some(i) = self.find(wanted, border) {
            self.pop_to(i);
        }
        self.close_p();
    }

    fn table_part(&mut self, tag: Tag) -> Start {
        let Some(table) = self.table() else {
            return Start::Ignore;
        };
        // The innermost part of this table that may hold the new one.
        let holds = |parent: Tag| match tag {
            Tag::TD | Tag::TH => matches!(parent, Tag::TR | Tag::TBODY | Tag::THEAD | Tag::TFOOT),
            Tag::TR => matches!(parent, Tag::TBODY | Tag::THEAD | Tag::TFOOT),
            Tag::COL => parent == Tag::COLGROUP,
            _ => false,
        };
        let parent = (table + 1..self.open.len())
            .rev()
            .find(|i| holds(self.open[*i].tag))
            .unwrap_or(table);
        self.pop_to(parent + 1);
        Start::Insert { foreign: false }
    }

    /// An end tag: closes what it ends, the element it names last.
    pub(super) fn end(&mut self, tag: Tag, name_hash: u32) -> End {
        let before = self.closed.len();
        if self.top().is_some_and(|top| top.foreign) && !matches!(tag, Tag::P | Tag::BR) {
            for i in (0..self.open.len()).rev() {
                let element = &self.open[i];
                if !element.foreign {
                    break;
                }
                if element.tag == tag && element.name_hash == name_hash {
                    self.pop_to(i);
                    return End::Closed;
                }
            }
        }
        match tag {
            Tag::HTML | Tag::BODY => return End::Nothing, // what follows them still belongs to the body
            Tag::BR => return End::LineBreak,
            Tag::P => self.close_p(),
            Tag::LI => {
                if let Some(i) = self.find(|t| t == tag, |e| e.tag.is_scope() || matches!(e.tag, Tag::OL | Tag::UL)) {
                    self.pop_to(i);
                }
            }
            Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6 => {
                if let Some(i) = self.find(Tag::is_heading, |e| e.tag.is_scope()) {
                    self.pop_to(i);
                }
            }
            Tag::FORM => {
                if let Some(i) = self.in_scope(tag) {
                    self.unhook(i);
                }
            }
            Tag::TABLE
            | Tag::CAPTION
            | Tag::COLGROUP
            | Tag::TBODY
            | Tag::THEAD
            | Tag::TFOOT
            | Tag::TR
            | Tag::TD
            | Tag::TH => {
                let border = |e: &Open| matches!(e.tag, Tag::TABLE | Tag::TEMPLATE | Tag::HTML);
                if self.has(tag)
                    && let Some(i) = self.find(|t| t == tag, border)
                {
                    self.pop_to(i);
                }
            }
            Tag::TEMPLATE | Tag::SELECT => {
                if let Some(i) = self.find(|t| t == tag, |_| false) {
                    self.pop_to(i);
                }
            }
            _ if tag.is_formatting() => self.end_formatting(tag),
            _ if tag.is_special() => {
                if let Some(i) = self.in_scope(tag) {
                    self.pop_to(i);
                }
            }
            _ => self.end_other(tag, name_hash),
        }
        if self.closed.len() > before {
            End::Closed
        } else {
            End::Nothing
        }
    }

    /// The adoption agency (section 13.2.6.4.7) without its copies.
    fn end_formatting(&mut self, tag: Tag) {
        let Some(i) = self.in_scope(tag) else { return };
        if self.open[i + 1..].iter().any(|e| e.tag.is_special()) {
            self.unhook(i);
        } else {
            self.pop_to(i);
        }
    }

    /// "Any other end tag": the search stops at a special element.
    fn end_other(&mut self, tag: Tag, name_hash: u32) {
        for i in (0..self.open.len()).rev() {
            let element = &self.open[i];
            if element.tag == tag && element.name_hash == name_hash {
                return self.pop_to(i);
            }
            if element.tag.is_special() {
                return;
            }
        }
    }
}

/// Foreign elements whose content is HTML again: the standard's integration points.
fn is_html_inside(tag: Tag) -> bool {
    let points = [
        Tag::FOREIGNOBJECT,
        Tag::DESC,
        Tag::TITLE,
        Tag::MI,
        Tag::MO,
        Tag::MN,
        Tag::MS,
        Tag::MTEXT,
        Tag::ANNOTATION_XML,
    ];
    points.contains(&tag)
}
