//! What names and words say of a block: graded evidence, never a selection.
//!
//! The names are those that authors of pages give to classes and ids, the words those that stand in short lines around
//! articles, in the languages that we meet. Each belongs to one kind; what a kind is worth, the model knows.

use std::sync::LazyLock;

use crate::pattern::LiteralSet;

/// A set of kinds, one bit each.
pub(crate) type SignalSet = u32;

/// Names in classes and ids. A name in `=` counts only as a whole word: `=ad` is not in `header`, `readMore` has `more`.
const NAMES: &[(&str, &str)] = &[
    (
        "body",
        "article content entry =post story =text =txt body =main =blog hentry =copy inhalt artikel contenu",
    ),
    (
        "text",
        "articlebody article-body article_body article__body articletext article-text article_text article-content article_content \
         articlecontent entry-content entrycontent post-content post_content postcontent post-body postbody story-body storybody \
         story-content content-body contentbody body-content text-content bodytext body-text maintext main-text richtext rich-text \
         art_content art_body articulo-cuerpo cuerpo",
    ),
    ("title", "title headline heading titel titre =hed"),
    (
        "lead",
        "=lead =lede intro summary standfirst excerpt subtitle sub-title subhead subline =dek =deck abstract teaser vorspann chapeau kicker",
    ),
    (
        "picture",
        "caption credit image photo figure gallery slideshow media video bild thumb =img picture player carousel slider",
    ),
    (
        "facts",
        "=meta byline by-line =date =time publish posted =info timestamp dateline postmeta entry-meta post-meta datum details",
    ),
    ("author", "author autor =bio writer contributor profile vcard avatar"),
    (
        "tags",
        "=tag =tags categor keyword topic =label =labels taglist schlagw",
    ),
    (
        "share",
        "share sharing social facebook twitter follow addthis addtoany =print toolbar =tools =tool bookmark =fb like-button likebutton =sns \
         jiathis bdshare",
    ),
    (
        "related",
        "related recommend outbrain taboola similar =more =also readmore read-more suggest trending popular mostread most-read latest \
         =recent recent- recirc seealso see-also =next =prev xiangguan relnews",
    ),
    (
        "comment",
        "comment coment disqus replies =reply remark discuss =respond kommentar feedback review rating =vote pinglun",
    ),
    (
        "navigation",
        "=nav navbar navigation navi menu breadcrumb pager pagination paging prevnext =skip =tabs =crumbs =crumb =path =toc",
    ),
    (
        "footer",
        "footer =foot copyright legal disclaimer colophon imprint impressum",
    ),
    ("header", "header masthead topbar banner logo =head =top branding"),
    (
        "side",
        "sidebar =side =rail aside widget =module secondary complementary =col =column portlet",
    ),
    (
        "ad",
        "=ad =ads advert sponsor promo adsense =dfp commercial werbung anzeige affiliate adsbygoogle =ad1 =adv googlead google-ad guanggao",
    ),
    (
        "signup",
        "newsletter subscri signup sign-up login register paywall membership donate =cta premium registration",
    ),
    (
        "popup",
        "modal popup overlay cookie gdpr consent hidden =hide invisible tooltip dropdown lightbox =sr =screen-reader visually",
    ),
    (
        "list",
        "=list =item =card =grid =feed =index archive listing =items =cards collection",
    ),
    (
        "note",
        "note footnote =source =sources quelle infobox factbox =box =fact =facts reference",
    ),
    ("quote", "quote pullquote pull-quote zitat"),
    (
        "code",
        "=code codehilite highlight hljs prism shiki chroma rouge syntax sourcecode codeblock code-block monospace =pre console terminal",
    ),
    (
        "callout",
        "callout admonition =alert =tip =warning =notice =hint =caution =danger",
    ),
    (
        "product",
        "product =sku =price =prices =cart add-to-cart addtocart add-to-bag =basket =pdp =buy woocommerce shopify =variant =variants swatch",
    ),
    (
        "thread",
        "forum thread =posts viewtopic showthread discourse phpbb vbulletin xenforo =op =poster userinfo =karma upvote =score answer \
         question message-body messagebody =joined usertext",
    ),
    (
        "documentation",
        "=doc =docs documentation docusaurus sphinx mkdocs rst-content readthedocs =api toctree theme-doc vitepress gitbook md-content \
         markdown-body wiki manual =guide starlight",
    ),
    (
        "landing",
        "hero testimonial pricing feature client =logos solution elementor wpb_ vc_row =faq =plan =plans =stats",
    ),
    (
        "filter",
        "filter facet =sort sort-by product-card product-grid product-item =plp search-result load-more loadmore =results",
    ),
];

/// Words in short lines. ASCII letters in any case.
const WORDS: &[(&str, &str)] = &[
    (
        "related",
        "related|read more|read also|see also|more from|more on |more stories|recommended|you may also|you might|most read|most popular|\
         trending|don't miss|don’t miss|lesen sie|mehr zum thema|mehr zu |auch interessant|weitere artikel|weiterlesen|das könnte|lire aussi|\
         à lire|sur le même|voir aussi|lire la suite|lea también|te puede interesar|más noticias|relacionad|leggi anche|leia também|leia mais|\
         czytaj|zobacz|lees ook|lees meer|相关|推荐|延伸阅读|更多|猜你喜欢|関連|热门|latest news|latest posts|recent posts|up next|next up|\
         top stories|also read|must read|click here|elsewhere|further reading|similar",
    ),
    (
        "share",
        "share|tweet|facebook|twitter|whatsapp|pinterest|linkedin|e-mail|email|print|drucken|teilen|partager|imprimer|compartir|分享|微信|\
         微博|follow|rss|folgen|扫一扫|二维码|instagram|bookmark|google+|reddit|telegram|youtube",
    ),
    (
        "comment",
        "comment|reply|replies|kommentar|antwort|répondre|comentario|responder|komentarz|reacties|评论|回复|says:|leave a|schreibt|跟帖|网友|\
         trackback|pingback|wrote:|discussion|required fields|will not be published|responses",
    ),
    (
        "signup",
        "subscribe|newsletter|sign up|signup|sign in|log in|login|register|abonn|anmelden|registr|s'inscrire|suscr|订阅|登录|注册|关注|\
         inbox|donate|spenden|free trial|premium|password|your email",
    ),
    (
        "legal",
        "©|copyright|all rights|alle rechte|tous droits|derechos|(c) |impressum|datenschutz|privacy|terms of|cookie|版权|声明|免责|icp|\
         reproduc|disclaimer|转载|reserved|permission",
    ),
    (
        "credit",
        "by |von |par |por |author|autor|photo|foto|image|getty|source:|quelle|bild:|credit|written|posted|veröffentlicht|erstellt|publié|\
         编辑|来源|作者|记者|原标题|updated|published|aktualisiert|stand:|fuente|reuters|contributor|责编|摄",
    ),
    (
        "tags",
        "tags|tagged|filed under|categor|kategorie|schlagw|topics|themen|标签|关键词|posted in|keywords|stichw|labels:|tag:|mots-clés|etiquetas",
    ),
    (
        "navigation",
        "home|next|previous|back to|zurück|weiter|nächste|vorherig|menu|search|suche|seite|上一篇|下一篇|首页|skip to|archiv|older|newer|\
         sitemap|kontakt|contact|about us|über uns|startseite|close|jump to|show more|load more|view all|see all|mehr anzeigen|top of page|\
         nach oben|expand|permalink|übersicht",
    ),
    (
        "ad",
        "advertis|anzeige|werbung|publicit|sponsor|promot|广告|commission|affiliate|coupon|buy now|add to cart|kaufen|shop|amazon",
    ),
    (
        "time",
        "min read| ago|uhr|views|阅读|minutes|january|february|march|april|june|july|august|september|october|november|december|januar|februar|\
         märz|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|octobre|novembre|décembre|am | pm|am,",
    ),
    (
        "price",
        "$|€|£|¥|₹|in stock|out of stock|free shipping|quantity|add to bag|add to basket|warenkorb|panier|carrito|sku|カートに|加入购物车|\
         库存|regular price|sale price|discount|reviews",
    ),
    (
        "filter",
        "sort by|filter|results|showing |per page|clear all|refine|brand|sortieren|trier par|ordenar|products|items|绞り込|筛选|排序",
    ),
    (
        "thread",
        "posted by|joined|quote|upvote|votes|points|thread|member|re:|posts:|likes|topic|moderator|asked|answered|edited|beitrag|楼主|发表于",
    ),
    (
        "landing",
        "get started|contact us|book a|request a|demo|learn more|our services|our team|clients|schedule a|why choose|testimonial|call us|\
         get a quote|trusted by|solutions|pricing|frequently asked|how it works|jetzt testen|nos services|nuestros servicios|联系我们",
    ),
    (
        "documentation",
        "parameter|returns|syntax|example|install|function|deprecated|configur|version|edit this page|edit on github|on this page|api|\
         command|default|optional|documentation|reference|dokumentation|文档|参数",
    ),
];

/// The kind of names that comments of readers have.
pub(crate) const COMMENT: SignalSet = bit(NAMES, "comment");
/// The kind of names that lists of other articles have.
pub(crate) const RELATED: SignalSet = bit(NAMES, "related");
/// The kinds of names that bodies of articles have.
pub(crate) const BODY: SignalSet = bit(NAMES, "body") | bit(NAMES, "text");
/// The kind of words that lead to other articles.
pub(crate) const SAYS_RELATED: SignalSet = 1;
/// The kind of words that comments of readers come with.
pub(crate) const SAYS_COMMENT: SignalSet = 1 << 2;
/// The kinds of names that hardly belong to an article.
pub(crate) const FURNITURE: SignalSet = bit(NAMES, "share")
    | bit(NAMES, "related")
    | bit(NAMES, "comment")
    | bit(NAMES, "navigation")
    | bit(NAMES, "footer")
    | bit(NAMES, "side")
    | bit(NAMES, "ad")
    | bit(NAMES, "signup")
    | bit(NAMES, "popup")
    | bit(NAMES, "tags");

/// The bit of a kind in a table of kinds and their words.
pub(crate) const fn bit(kinds: &[(&str, &str)], name: &str) -> SignalSet {
    let mut i = 0;
    while i < kinds.len() {
        if equal(kinds[i].0.as_bytes(), name.as_bytes()) {
            return 1 << i;
        }
        i += 1;
    }
    panic!("no such kind")
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// How many kinds of names there are.
pub(crate) const NAME_KINDS: usize = NAMES.len();
/// How many kinds of words there are.
pub(crate) const WORD_KINDS: usize = WORDS.len();
/// The name of a kind of names.
pub(crate) fn name_kind(kind: usize) -> &'static str {
    NAMES[kind].0
}

/// The name of a kind of words.
pub(crate) fn word_kind(kind: usize) -> &'static str {
    WORDS[kind].0
}

/// The bytes of a line that its first words take.
const FIRST_BYTES: usize = 24;

/// Words, each of a kind.
pub(crate) struct Lexicon {
    words: LiteralSet,
    /// Of each word its kind, its bytes, and whether it has to be a whole word.
    entries: Vec<(u8, usize, bool)>,
}

impl Lexicon {
    pub(crate) fn new<'a>(entries: impl Iterator<Item = (usize, &'a str, bool)>) -> Self {
        let entries: Vec<_> = entries.collect();
        Lexicon {
            words: LiteralSet::fixed(entries.iter().map(|(_, text, _)| *text)),
            entries: entries
                .iter()
                .map(|(kind, text, whole)| (*kind as u8, text.len(), *whole))
                .collect(),
        }
    }

    /// The kinds of all that is found, and of what is found within the first bytes.
    pub(crate) fn kinds(&self, text: &[u8]) -> (SignalSet, SignalSet) {
        let (mut kinds, mut first) = (0, 0);
        self.words.find_all(text, |word, end| {
            let (kind, length, whole) = self.entries[word];
            if !whole || is_word(text, end - length, end) {
                kinds |= 1 << kind;
                first |= if end <= FIRST_BYTES { 1 << kind } else { 0 };
            }
        });
        (kinds, first)
    }
}

/// Whether what lies between is a word: `ad` in `top-ad_2`, `topAd`, but not in `adhoc` or `head`.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let begins = start == 0
        || !text[start - 1].is_ascii_alphabetic()
        || (text[start].is_ascii_uppercase() && text[start - 1].is_ascii_lowercase());
    let ends = end == text.len()
        || !text[end].is_ascii_alphabetic()
        || (text[end].is_ascii_uppercase() && text[end - 1].is_ascii_lowercase());
    begins && ends
}

static NAME_LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let entries = NAMES.iter().enumerate().flat_map(|(kind, (_, names))| {
        names.split_whitespace().map(move |name| match name.strip_prefix('=') {
            Some(word) => (kind, word, true),
            None => (kind, name, false),
        })
    });
    Lexicon::new(entries)
});

static WORD_LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let entries = WORDS
        .iter()
        .enumerate()
        .flat_map(|(kind, (_, words))| words.split('|').map(move |word| (kind, word, false)));
    Lexicon::new(entries)
});

/// What a class or an id says.
pub(crate) fn of_name(value: &[u8]) -> SignalSet {
    NAME_LEXICON.kinds(value).0
}

/// What the words of a short line say, and what the first of them do.
pub(crate) fn of_words(text: &[u8]) -> (SignalSet, SignalSet) {
    WORD_LEXICON.kinds(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(value: &str) -> Vec<&'static str> {
        let kinds = of_name(value.as_bytes());
        (0..NAME_KINDS)
            .filter(|k| kinds & (1 << k) != 0)
            .map(name_kind)
            .collect()
    }

    #[test]
    fn short_names_count_as_whole_words_only() {
        assert_eq!(kinds("top-ad_2"), ["header", "ad"]);
        assert_eq!(kinds("leftAd"), ["ad"]);
        assert!(kinds("shadow adhoc").is_empty());
        assert_eq!(kinds("RelatedArticles"), ["body", "related"]);
    }
}
