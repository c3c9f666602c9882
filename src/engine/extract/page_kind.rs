//! Kinds of pages.

/// The kind of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PageKind {
    /// A text of its own: news, a blog's post, an essay.
    Article,
    /// A manual, a reference, a tutorial.
    Documentation,
    /// What several people wrote one after the other: a forum's topic, questions with answers.
    Thread,
    /// A product that is sold.
    Product,
    /// A list of articles or of products.
    Index,
    /// A page that presents a service or a company.
    Landing,
}

impl PageKind {
    /// All of them, in the order of the model's outputs.
    pub const ALL: [PageKind; 6] = [
        PageKind::Article,
        PageKind::Documentation,
        PageKind::Thread,
        PageKind::Product,
        PageKind::Index,
        PageKind::Landing,
    ];

    /// Its name in an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            PageKind::Article => "article",
            PageKind::Documentation => "documentation",
            PageKind::Thread => "thread",
            PageKind::Product => "product",
            PageKind::Index => "index",
            PageKind::Landing => "landing",
        }
    }

    /// Whether its text is what a reader would call an article.
    pub fn is_article(self) -> bool {
        matches!(self, PageKind::Article | PageKind::Documentation)
    }
}
