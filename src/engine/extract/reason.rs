//! Why something of a document was left out, and why a page may be no article.

use super::page_kind::PageKind;
use crate::{
    codes::codes,
    engine::visibility::Technique,
    rules::{Category, RuleSet},
};

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalReason {
    /// The caller's `remove=`.
    Caller,
    /// A rule, by its number in the set.
    Rule(u16),
    /// The score, or a part of a unit that is no content.
    Score(ScoreReason),
    /// A reader does not see it.
    Hidden(Technique),
}

impl RemovalReason {
    /// The id of the rule, or what stands for one.
    pub fn name(self, rules: &RuleSet) -> &str {
        match self {
            RemovalReason::Caller => "user/remove",
            RemovalReason::Rule(number) => &rules.rules()[number as usize].id,
            RemovalReason::Score(reason) => reason.as_str(),
            RemovalReason::Hidden(_) => "hidden/text",
        }
    }

    /// What such a removal was.
    pub fn category(self, rules: &RuleSet) -> Category {
        match self {
            RemovalReason::Caller => Category::User,
            RemovalReason::Rule(number) => rules.rules()[number as usize].category,
            RemovalReason::Score(reason) => reason.category(),
            RemovalReason::Hidden(_) => Category::Hidden,
        }
    }
}

codes! {
    /// What a part was that no rule removed.
    pub enum ScoreReason {
        /// Outside the article, and of no kind that has a name.
        Outside = "score/outside",
        /// Links to other pages.
        Navigation = "score/navigation",
        /// Other articles.
        Related = "score/related",
        /// Readers' comments.
        Comments = "score/comments",
        /// The page's title, which is a field.
        Title = "score/title",
        /// A form.
        Form = "score/form",
        /// A line that names people, outlets or the owners of pictures.
        Credit = "score/credit",
        /// A line that asks readers to follow, subscribe or install.
        Promotion = "score/promotion",
        /// A line about rights and liability.
        Legal = "score/legal",
        /// A line of the interface.
        Interface = "score/interface",
        /// A heading's link to itself.
        Permalink = "score/permalink",
        /// A button.
        Control = "score/control",
        /// Line numbers beside code.
        Gutter = "score/gutter",
        /// The mark that makes a quote a callout.
        Marker = "score/marker",
        /// The number of a footnote and the links back from it, which every output writes itself.
        NoteMark = "unit/note-mark",
    }
}

impl ScoreReason {
    fn category(self) -> Category {
        match self {
            ScoreReason::Navigation => Category::Navigation,
            ScoreReason::Related => Category::Related,
            ScoreReason::Credit => Category::Credit,
            ScoreReason::Promotion => Category::Promotion,
            ScoreReason::Legal => Category::Legal,
            _ => Category::Chrome,
        }
    }
}

/// Why a page may be no article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionReason {
    /// There are pictures, and no text.
    ImagesOnly,
    /// There is no text.
    NoText,
    /// Most of the text is links.
    MostlyLinks,
    /// There is little text.
    LittleText,
    /// Most of what stays is in boxes that each begin with a link: a list of articles, or of what a search found.
    Teasers,
    /// Little stays, and the page says what one has to do to read on.
    LoginWall,
    /// The page is of another kind.
    Kind(PageKind),
}

impl RejectionReason {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            RejectionReason::ImagesOnly => "images_only",
            RejectionReason::NoText => "no_text",
            RejectionReason::MostlyLinks => "mostly_links",
            RejectionReason::LittleText => "little_text",
            RejectionReason::Teasers => "teasers",
            RejectionReason::LoginWall => "login_wall",
            RejectionReason::Kind(kind) => kind.as_str(),
        }
    }
}
