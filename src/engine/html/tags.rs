//! The element names that we know, and what the tree rules of the WHATWG HTML standard (section 13.2.6) say of each.
//!
//! Tables only: [`Tag`] is one byte, its properties one word, both found by one hash of the name.

/// An element name: one of the table below, or [`Tag::OTHER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u8);

/// No content and no end tag.
const VOID: u16 = 1;
/// Its content is text to the tokenizer, up to its own end tag (also RCDATA, and `noscript`, as where scripts run).
const RAW: u16 = 1 << 1;
/// The standard's "special" elements: an end tag of an ordinary element does not reach past one.
const SPECIAL: u16 = 1 << 2;
/// The standard's formatting elements: their end tag does not close the blocks opened inside them.
const FORMATTING: u16 = 1 << 3;
/// Its start tag closes an open `p`.
const CLOSES_P: u16 = 1 << 4;
/// A border that no search for an open element crosses ("has an element in scope").
const SCOPE: u16 = 1 << 5;
/// Stands on lines of its own: text on either side of its tags is not one paragraph.
const BLOCK: u16 = 1 << 6;
/// Belongs in `head` when it comes before any content.
const HEAD: u16 = 1 << 7;
/// Its text is never shown as part of the page.
const UNSEEN: u16 = 1 << 8;
/// Its end tag may be left out.
const OPTIONAL_END: u16 = 1 << 9;
/// Its start tag ends an open `svg` or `math` (section 13.2.6.5).
const BREAKS_OUT: u16 = 1 << 10;

macro_rules! tags {
    ($($name:ident $text:literal $flags:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "only numbers the table")]
        #[repr(u8)]
        enum Number { $($name),* }

        impl Tag {
            $(#[allow(missing_docs, reason = "named after its element")] pub const $name: Tag = Tag(Number::$name as u8);)*
        }

        const NAMES: &[&str] = &[$($text),*];
        const FLAGS: &[u16] = &[$($flags),*];
    };
}

const SP: u16 = SPECIAL;
/// Most blocks: special, closing an open `p`, on lines of their own.
const B: u16 = SPECIAL | CLOSES_P | BLOCK;

tags! {
    OTHER "" 0;
    HTML "html" SP | SCOPE | BLOCK; HEAD "head" SP | UNSEEN | BREAKS_OUT; BODY "body" SP | BLOCK | BREAKS_OUT;
    TITLE "title" SP | RAW | HEAD | UNSEEN; BASE "base" SP | VOID | HEAD; LINK "link" SP | VOID | HEAD;
    META "meta" SP | VOID | HEAD | BREAKS_OUT; STYLE "style" SP | RAW | HEAD | UNSEEN;
    SCRIPT "script" SP | RAW | HEAD | UNSEEN; NOSCRIPT "noscript" SP | RAW | HEAD | UNSEEN;
    TEMPLATE "template" SP | HEAD | SCOPE | UNSEEN; BASEFONT "basefont" SP | VOID | HEAD; BGSOUND "bgsound" SP | VOID | HEAD;
    NOFRAMES "noframes" SP | RAW | HEAD | UNSEEN; NOEMBED "noembed" SP | RAW | UNSEEN; IFRAME "iframe" SP | RAW | UNSEEN;
    XMP "xmp" B | RAW; PLAINTEXT "plaintext" B | RAW; TEXTAREA "textarea" SP | RAW | UNSEEN;
    ADDRESS "address" B; ARTICLE "article" B; ASIDE "aside" B; BLOCKQUOTE "blockquote" B | BREAKS_OUT; CENTER "center" B | BREAKS_OUT;
    DETAILS "details" B; DIALOG "dialog" CLOSES_P | BLOCK; DIR "dir" B; DIV "div" B | BREAKS_OUT; DL "dl" B | BREAKS_OUT; FIELDSET "fieldset" B;
    FIGCAPTION "figcaption" B; FIGURE "figure" B; FOOTER "footer" B; HEADER "header" B; HGROUP "hgroup" B; MAIN "main" B;
    MENU "menu" B | BREAKS_OUT; NAV "nav" B; OL "ol" B | BREAKS_OUT; P "p" B | OPTIONAL_END | BREAKS_OUT; SEARCH "search" B;
    SECTION "section" B; SUMMARY "summary" B; UL "ul" B | BREAKS_OUT;
    H1 "h1" B | BREAKS_OUT; H2 "h2" B | BREAKS_OUT; H3 "h3" B | BREAKS_OUT; H4 "h4" B | BREAKS_OUT; H5 "h5" B | BREAKS_OUT; H6 "h6" B | BREAKS_OUT;
    PRE "pre" B | BREAKS_OUT; LISTING "listing" B | BREAKS_OUT; FORM "form" B; HR "hr" B | VOID | BREAKS_OUT;
    LI "li" B | OPTIONAL_END | BREAKS_OUT; DD "dd" B | OPTIONAL_END | BREAKS_OUT; DT "dt" B | OPTIONAL_END | BREAKS_OUT;
    TABLE "table" B | SCOPE | BREAKS_OUT; CAPTION "caption" SP | SCOPE | BLOCK | OPTIONAL_END; COLGROUP "colgroup" SP | BLOCK | OPTIONAL_END; COL "col" SP | VOID;
    TBODY "tbody" SP | BLOCK | OPTIONAL_END; THEAD "thead" SP | BLOCK | OPTIONAL_END; TFOOT "tfoot" SP | BLOCK | OPTIONAL_END; TR "tr" SP | BLOCK | OPTIONAL_END;
    TD "td" SP | SCOPE | BLOCK | OPTIONAL_END; TH "th" SP | SCOPE | BLOCK | OPTIONAL_END;
    OPTION "option" OPTIONAL_END | UNSEEN; OPTGROUP "optgroup" OPTIONAL_END | UNSEEN; SELECT "select" SP | SCOPE | UNSEEN; BUTTON "button" SP;
    INPUT "input" SP | VOID; KEYGEN "keygen" SP | VOID; LABEL "label" 0; OUTPUT "output" 0; PROGRESS "progress" 0; METER "meter" 0;
    DATALIST "datalist" UNSEEN; LEGEND "legend" BLOCK;
    A "a" FORMATTING; B "b" FORMATTING | BREAKS_OUT; BIG "big" FORMATTING | BREAKS_OUT; CODE "code" FORMATTING | BREAKS_OUT;
    EM "em" FORMATTING | BREAKS_OUT; FONT "font" FORMATTING; I "i" FORMATTING | BREAKS_OUT; NOBR "nobr" FORMATTING | BREAKS_OUT;
    S "s" FORMATTING | BREAKS_OUT; SMALL "small" FORMATTING | BREAKS_OUT; STRIKE "strike" FORMATTING | BREAKS_OUT;
    STRONG "strong" FORMATTING | BREAKS_OUT; TT "tt" FORMATTING | BREAKS_OUT; U "u" FORMATTING | BREAKS_OUT;
    SPAN "span" BREAKS_OUT; BR "br" SP | VOID | BREAKS_OUT; WBR "wbr" SP | VOID; IMG "img" SP | VOID | BREAKS_OUT; IMAGE "image" VOID;
    PICTURE "picture" 0; SOURCE "source" SP | VOID; TRACK "track" SP | VOID; PARAM "param" SP | VOID; EMBED "embed" SP | VOID | BREAKS_OUT;
    AREA "area" SP | VOID; MAP "map" 0; VIDEO "video" UNSEEN; AUDIO "audio" UNSEEN; OBJECT "object" SP | SCOPE | UNSEEN;
    APPLET "applet" SP | SCOPE | UNSEEN; CANVAS "canvas" UNSEEN; MARQUEE "marquee" SP | SCOPE | BLOCK;
    FRAMESET "frameset" SP | UNSEEN; FRAME "frame" SP | VOID;
    ABBR "abbr" 0; ACRONYM "acronym" 0; BDI "bdi" 0; BDO "bdo" 0; CITE "cite" 0; DATA "data" 0; DEL "del" 0; DFN "dfn" 0; INS "ins" 0;
    KBD "kbd" 0; MARK "mark" 0; Q "q" 0; SAMP "samp" 0; SUB "sub" BREAKS_OUT; SUP "sup" BREAKS_OUT; TIME "time" 0; VAR "var" BREAKS_OUT;
    RUBY "ruby" BREAKS_OUT; RB "rb" OPTIONAL_END; RT "rt" OPTIONAL_END; RTC "rtc" OPTIONAL_END; RP "rp" OPTIONAL_END; SLOT "slot" 0;
    SVG "svg" UNSEEN; MATH "math" 0; FOREIGNOBJECT "foreignobject" 0; DESC "desc" 0;
    MI "mi" 0; MO "mo" 0; MN "mn" 0; MS "ms" 0; MTEXT "mtext" 0; ANNOTATION_XML "annotation-xml" 0;
    MGLYPH "mglyph" 0; MALIGNMARK "malignmark" 0;
}

/// The longest name in the table, in bytes.
const LONGEST_NAME_BYTES: usize = 14;
/// Slots of the hash table: large enough that most names stand in their own slot.
const SLOTS: usize = 1024;

/// Tells names apart, letter case aside (FNV-1a).
pub(crate) const fn name_hash(name: &[u8]) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < name.len() {
        h = (h ^ name[i].to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    h
}

const fn slot(name_hash: u32) -> usize {
    ((name_hash ^ (name_hash >> 15)) as usize) % SLOTS
}

/// Open addressing by [`slot`]; 0 is an empty slot, since [`Tag::OTHER`] has no name.
static TABLE: [u8; SLOTS] = {
    let mut table = [0u8; SLOTS];
    let mut i = 1;
    while i < NAMES.len() {
        let mut slot = slot(name_hash(NAMES[i].as_bytes()));
        while table[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = i as u8;
        i += 1;
    }
    table
};

impl Tag {
    /// The tag of a name in any letter case.
    pub fn from_name(name: &[u8]) -> Tag {
        Tag::from_hashed(name, name_hash(name))
    }

    /// The same, where the hash of the name is known.
    pub(crate) fn from_hashed(name: &[u8], name_hash: u32) -> Tag {
        if name.is_empty() || name.len() > LONGEST_NAME_BYTES {
            return Tag::OTHER;
        }
        let mut slot = slot(name_hash);
        loop {
            match TABLE[slot] {
                0 => return Tag::OTHER,
                i if NAMES[i as usize].as_bytes().eq_ignore_ascii_case(name) => return Tag(i),
                _ => slot = (slot + 1) % SLOTS,
            }
        }
    }

    /// The name in lower case; empty for [`Tag::OTHER`].
    pub fn name(self) -> &'static str {
        NAMES[self.0 as usize]
    }

    /// The number of this tag, below [`Tag::COUNT`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// How many tags there are.
    pub const COUNT: usize = NAMES.len();

    fn has(self, flag: u16) -> bool {
        FLAGS[self.0 as usize] & flag != 0
    }

    /// Has no content and no end tag.
    pub fn is_void(self) -> bool {
        self.has(VOID)
    }

    /// Holds text only, up to its own end tag.
    pub fn is_raw(self) -> bool {
        self.has(RAW)
    }

    pub(crate) fn is_special(self) -> bool {
        self.has(SPECIAL)
    }

    pub(crate) fn is_formatting(self) -> bool {
        self.has(FORMATTING)
    }

    /// Whether formatting that was closed around it is opened again in front of it: before inline elements.
    pub(crate) fn reopens_formatting(self) -> bool {
        !(self.has(CLOSES_P | HEAD)
            || (self.has(RAW | OPTIONAL_END) && !matches!(self, Tag::OPTION | Tag::OPTGROUP))
            || matches!(
                self,
                Tag::HTML | Tag::HEAD | Tag::BODY | Tag::COL | Tag::PARAM | Tag::SOURCE | Tag::TRACK
            ))
    }

    pub(crate) fn closes_p(self) -> bool {
        self.has(CLOSES_P)
    }

    pub(crate) fn is_scope(self) -> bool {
        self.has(SCOPE)
    }

    /// Stands on lines of its own.
    pub fn is_block(self) -> bool {
        self.has(BLOCK)
    }

    pub(crate) fn is_head(self) -> bool {
        self.has(HEAD)
    }

    /// Its text is never shown as part of the page.
    pub fn is_unseen(self) -> bool {
        self.has(UNSEEN)
    }

    /// Its end tag may be left out (WHATWG HTML, section 13.1.2.4).
    pub(crate) fn has_optional_end(self) -> bool {
        self.has(OPTIONAL_END)
    }

    pub(crate) fn breaks_out(self) -> bool {
        self.has(BREAKS_OUT)
    }

    /// `h1` to `h6`.
    pub fn is_heading(self) -> bool {
        (Tag::H1..=Tag::H6).contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_tag() {
        for (i, name) in NAMES.iter().enumerate().skip(1) {
            assert_eq!(Tag::from_name(name.as_bytes()).index(), i, "{name}");
            assert_eq!(Tag::from_name(name.to_uppercase().as_bytes()).index(), i, "{name}");
            assert!(name.len() <= LONGEST_NAME_BYTES);
        }
        assert_eq!(Tag::from_name(b"x-widget"), Tag::OTHER);
        assert_eq!(Tag::from_name(b""), Tag::OTHER);
        assert_eq!(Tag::from_name(&[0xff; 300]), Tag::OTHER);
    }

    #[test]
    fn headings_are_the_six() {
        let headings: Vec<_> = (0..Tag::COUNT)
            .map(|i| Tag(i as u8))
            .filter(|t| t.is_heading())
            .map(Tag::name)
            .collect();
        assert_eq!(headings, ["h1", "h2", "h3", "h4", "h5", "h6"]);
    }
}
