//! Links without the parameters that only say how a reader came by them. Which those are is data: `tracking.txt`.

use std::{borrow::Cow, sync::LazyLock};

/// One line of the file.
struct TrackingParameter {
    /// In lower case, without its star.
    name: &'static str,
    /// Whether it stands for all that begin so.
    is_prefix: bool,
    /// Where it means this; everywhere without any.
    hosts: Vec<&'static str>,
}

/// By their names.
static PARAMETERS: LazyLock<Vec<TrackingParameter>> = LazyLock::new(|| {
    let lines = include_str!("tracking.txt").lines();
    let mut parameters: Vec<TrackingParameter> = lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            Some(TrackingParameter {
                name: name.trim_end_matches('*'),
                is_prefix: name.ends_with('*'),
                hosts: words.collect(),
            })
        })
        .collect();
    parameters.sort_unstable_by_key(|parameter| parameter.name);
    parameters
});

/// The same link without them; all that stays, stays as it was written. `host` is where it leads, where that is known.
pub(crate) fn without<'a>(link: &'a str, host: Option<&str>) -> Cow<'a, str> {
    let (address, fragment) = match link.find('#') {
        Some(at) => link.split_at(at),
        None => (link, ""),
    };
    let Some((path, query)) = address.split_once('?') else {
        return link.into();
    };
    if !query.split('&').any(|pair| is_tracking(pair, host)) {
        return link.into();
    }
    let left: Vec<&str> = query.split('&').filter(|pair| !is_tracking(pair, host)).collect();
    let mark = if left.is_empty() { "" } else { "?" };
    format!("{path}{mark}{}{fragment}", left.join("&")).into()
}

fn is_tracking(pair: &str, host: Option<&str>) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    // `&amp;` that was encoded twice.
    let name = name.strip_prefix("amp;").unwrap_or(name).to_ascii_lowercase();
    // All that the name begins with sort before it or are it, and the file has few of those.
    let end = PARAMETERS.partition_point(|parameter| parameter.name <= name.as_str());
    let first = name.chars().next();
    let before = PARAMETERS[..end].iter().rev();
    before
        .take_while(|parameter| parameter.name.chars().next() == first)
        .any(|parameter| parameter.is(&name) && parameter.is_for(host))
}

impl TrackingParameter {
    fn is(&self, name: &str) -> bool {
        self.name == name || (self.is_prefix && name.starts_with(self.name))
    }

    fn is_for(&self, host: Option<&str>) -> bool {
        let is_below = |host: &str, of: &str| {
            host.strip_suffix(of)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.hosts.is_empty() || host.is_some_and(|host| self.hosts.iter().any(|of| is_below(host, of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_in_order() {
        assert!(PARAMETERS.len() > 100);
        for (at, parameter) in PARAMETERS.iter().enumerate() {
            assert_eq!(parameter.name, parameter.name.to_ascii_lowercase());
            assert!(!parameter.name.is_empty() && !parameter.name.contains('*'));
            assert!(
                PARAMETERS[..at].iter().all(|other| other.name != parameter.name),
                "{} is there twice",
                parameter.name
            );
        }
    }

    #[test]
    fn what_tracks_goes_and_all_else_stays() {
        for (link, left) in [
            ("https://a.example/b?utm_source=x&utm_medium=y", "https://a.example/b"),
            (
                "https://a.example/b?id=1&UTM_Source=x&c=%E4%B8%AD+d#e?utm_x=1",
                "https://a.example/b?id=1&c=%E4%B8%AD+d#e?utm_x=1",
            ),
            ("/b?fbclid=1#c", "/b#c"),
            ("?spm=1.2&a", "?a"),
            ("/b?a=1&amp;utm_source=x", "/b?a=1"),
            ("/b?gclid", "/b"),
        ] {
            assert_eq!(without(link, None), left);
        }
        for link in [
            "/b",
            "/b?",
            "/b?a&&b",
            "/b?utm=1",
            "/b?xutm_source=1",
            "/utm_source=1",
            "/b?share_source=1&s=20&=",
            "mailto:a@b.example?subject=x",
        ] {
            assert!(matches!(without(link, None), Cow::Borrowed(_)), "{link}");
        }
        let video = "https://www.bilibili.com/video/BV1?p=2&vd_source=1&share_source=copy";
        assert_eq!(
            without(video, Some("www.bilibili.com")),
            "https://www.bilibili.com/video/BV1?p=2"
        );
        assert_eq!(without(video, Some("notbilibili.com")), video);
    }
}
