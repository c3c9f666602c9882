//! The videos that an article shows: its `video` elements, and the players of the services that hold most others.

use serde::Serialize;

use crate::{
    engine::{
        Links,
        document::Document,
        extract::units::embeds::{is_player, stand_in},
        html::tags::Tag,
    },
    metadata::Sources,
};

/// A video that the article shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Video {
    /// Where it is.
    pub url: String,
    /// Its media type, where declared.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
}

/// Those that stand in what was kept.
pub(crate) fn read(sources: &Sources<'_>) -> Vec<Video> {
    let (document, kept) = (sources.document, &sources.selection.kept);
    let links = Links::new(sources.address.base.clone());
    let mut videos: Vec<Video> = Vec::new();
    for id in &sources.address.head.videos {
        let start = document.elements[*id as usize].start as usize;
        let after = kept.partition_point(|range| range.start <= start);
        let is_kept = after > 0 && start < kept[after - 1].end;
        if let Some(video) = is_kept.then(|| one(document, *id, &links)).flatten()
            && videos.iter().all(|known| known.url != video.url)
        {
            videos.push(video);
        }
    }
    videos
}

fn one(document: &Document<'_>, id: u32, links: &Links) -> Option<Video> {
    let element = &document.elements[id as usize];
    let value = |id: u32, name: &str| crate::metadata::sources::head::clean(document.attribute(id, name)?);
    let address = |id: u32| {
        let named = ["src", "data-src", "data-lazy-src"];
        named.iter().find_map(|name| links.resolve(&value(id, name)?))
    };
    if element.tag == Tag::IFRAME {
        let url = address(id)?;
        return is_player(&url).then_some(Video { url, media_type: None });
    }
    if element.tag == Tag::OTHER {
        let url = stand_in(document, id)?;
        return Some(Video { url, media_type: None });
    }
    let inside = (id + 1..element.next).filter(|i| document.elements[*i as usize].tag == Tag::SOURCE);
    let (place, url) = std::iter::once(id)
        .chain(inside)
        .find_map(|id| Some((id, address(id)?)))?;
    let media_type = value(place, "type");
    Some(Video { url, media_type })
}
