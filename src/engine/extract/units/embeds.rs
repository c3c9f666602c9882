//! What is shown from elsewhere or played: videos, sounds and posts of networks, each a link in its place.
//!
//! Frames of any other host are adverts, forms and counters more often than part of an article: they stay out.

use url::Url;

use super::{Document, Tag, UnitFinder, UnitKind};

/// Hosts of players, and how the path of one begins.
const PLAYERS: &[(&str, &str)] = &[
    ("youtube.com", "/embed/"),
    ("youtube-nocookie.com", "/embed/"),
    ("vimeo.com", "/video/"),
    ("dailymotion.com", "/embed/video/"),
    ("dai.ly", "/"),
    ("ted.com", "/talks/"),
    ("twitch.tv", "/"),
    ("facebook.com", "/plugins/video"),
    ("bilibili.com", "/player"),
    ("bilibili.com", "/blackboard/"),
    ("youku.com", "/embed/"),
    ("v.qq.com", "/"),
    ("ixigua.com", "/iframe/"),
    ("rutube.ru", "/play/"),
    ("ok.ru", "/videoembed/"),
    ("brightcove.net", "/"),
    ("jwplayer.com", "/players/"),
    ("streamable.com", "/"),
    ("wistia.net", "/embed/"),
    ("wistia.com", "/embed/"),
    ("kickstarter.com", "/widget/video"),
];

/// The same of posts, sounds and examples.
const OTHERS: &[(&str, &str)] = &[
    ("platform.twitter.com", "/embed/"),
    ("instagram.com", "/p/"),
    ("instagram.com", "/reel/"),
    ("facebook.com", "/plugins/post"),
    ("tiktok.com", "/embed"),
    ("open.spotify.com", "/embed"),
    ("w.soundcloud.com", "/player"),
    ("embed.podcasts.apple.com", "/"),
    ("codepen.io", "/"),
    ("codesandbox.io", "/embed"),
    ("stackblitz.com", "/edit"),
    ("slideshare.net", "/slideshow/embed"),
    ("embed.bsky.app", "/embed"),
];

/// Elements that stand for a player until a script puts it there, and where its video is.
const STAND_INS: &[(&str, &str, &str)] = &[
    ("lite-youtube", "videoid", "https://www.youtube.com/watch?v="),
    ("amp-youtube", "data-videoid", "https://www.youtube.com/watch?v="),
    ("lite-vimeo", "videoid", "https://vimeo.com/"),
    ("amp-vimeo", "data-videoid", "https://vimeo.com/"),
];

/// Whether an address is that of a player of videos.
pub fn is_player(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| is_of(&url, PLAYERS))
}

fn is_of(url: &Url, hosts: &[(&str, &str)]) -> bool {
    let host = url.host_str().unwrap_or_default();
    hosts.iter().any(|(own, path)| {
        let rest = host.strip_suffix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) && url.path().starts_with(path)
    })
}

/// The page of what a frame shows, where its address says so.
fn page_of(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_start_matches("www.");
    let last = url.path_segments()?.next_back().filter(|last| !last.is_empty())?;
    let is_plain = |id: &str| {
        id.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match host {
        "youtube.com" | "youtube-nocookie.com" if is_plain(last) && last != "videoseries" => {
            Some(format!("https://www.youtube.com/watch?v={last}"))
        }
        "player.vimeo.com" if is_plain(last) => Some(format!("https://vimeo.com/{last}")),
        "platform.twitter.com" => {
            let (_, id) = url.query_pairs().find(|(name, _)| name == "id")?;
            is_plain(&id).then(|| format!("https://twitter.com/i/status/{id}"))
        }
        _ => None,
    }
}

impl UnitFinder<'_, '_> {
    /// What is shown from elsewhere at this element; returns the next element to look at.
    pub(crate) fn embed(&mut self, id: u32) -> Option<u32> {
        let document = self.document;
        let element = &document.elements[id as usize];
        let is_shown = document
            .elements
            .get(element.parent as usize)
            .is_none_or(|around| around.seen);
        let address = match element.tag {
            Tag::IFRAME if is_shown => frame(document, id)?,
            Tag::VIDEO | Tag::AUDIO if is_shown => played(document, id)?,
            Tag::OTHER if element.seen => stand_in(document, id)?,
            _ => return None,
        };
        let label = ["title", "playlabel", "aria-label"]
            .iter()
            .find_map(|name| value(document, id, name))
            .filter(|label| !label.to_ascii_lowercase().contains("player"));
        self.add(id, UnitKind::Embed { address, label });
        Some(element.next)
    }
}

fn value(document: &Document<'_>, id: u32, name: &str) -> Option<String> {
    let value = htmlize::unescape_attribute(document.attribute(id, name)?);
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    (!value.is_empty()).then_some(value)
}

fn frame(document: &Document<'_>, id: u32) -> Option<String> {
    let names = ["src", "data-src", "data-lazy-src"];
    let mut addresses = names.iter().filter_map(|name| value(document, id, name));
    let address = addresses.find(|address| !address.starts_with("about:"))?;
    let whole = match address.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => address,
    };
    let url = Url::parse(&whole).ok()?;
    (is_of(&url, PLAYERS) || is_of(&url, OTHERS)).then(|| page_of(&url).unwrap_or(whole))
}

/// The file that a `video` or `audio` plays.
fn played(document: &Document<'_>, id: u32) -> Option<String> {
    let next = document.elements[id as usize].next;
    let own = std::iter::once(id);
    let sources = (id + 1..next).filter(|id| document.elements[*id as usize].tag == Tag::SOURCE);
    own.chain(sources)
        .find_map(|id| value(document, id, "src").or_else(|| value(document, id, "data-src")))
        .filter(|address| !address.starts_with("blob:") && !address.starts_with("data:"))
}

/// The page of the video that an element stands for until a script puts its player there.
pub fn stand_in(document: &Document<'_>, id: u32) -> Option<String> {
    let name = document.start_tag(id).name();
    let (_, attribute, page) = STAND_INS
        .iter()
        .find(|(own, ..)| name.eq_ignore_ascii_case(own.as_bytes()))?;
    let video = value(document, id, attribute)?;
    let is_plain = video
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    is_plain.then(|| format!("{page}{video}"))
}

/// Classes of quotations that the scripts of social networks replace by the post that they quote.
const POSTS: &[&str] = &[
    "twitter-tweet",
    "twitter-video",
    "instagram-media",
    "tiktok-embed",
    "reddit-embed-bq",
    "reddit-card",
    "bluesky-embed",
    "mastodon-embed",
    "text-post-media",
    "fb-post",
    "fb-xfbml-parse-ignore",
    "imgur-embed-pub",
    "flourish-embed",
];

/// Whether a quotation is a post of a social network.
pub(crate) fn is_post(document: &Document<'_>, element: u32) -> bool {
    let class = document.attribute(element, "class").unwrap_or_default();
    class.split_ascii_whitespace().any(|name| POSTS.contains(&name))
}
