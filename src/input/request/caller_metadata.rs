//! What the caller knows about a document already, by the names of the article's own fields. It wins over all that the
//! document says.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// The envelope's `metadata`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "the names are the article's, described in openapi.yaml")]
pub struct CallerMetadata {
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub summary: Option<String>,
    pub byline: Option<String>,
    pub authors: Option<OneOrMany<Named>>,
    pub editors: Option<OneOrMany<Named>>,
    pub source: Option<Named>,
    pub site_name: Option<String>,
    pub date_published: Option<String>,
    pub date_modified: Option<String>,
    pub language: Option<String>,
    pub section: Option<String>,
    pub tags: Option<OneOrMany<String>>,
    pub categories: Option<OneOrMany<String>>,
    pub license: Option<String>,
    pub image: Option<String>,
    pub canonical_url: Option<String>,
}

/// A list, or what it would hold alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a list, or one item")]
pub enum OneOrMany<T> {
    /// Alone.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(item) => std::slice::from_ref(item),
            OneOrMany::Many(items) => items,
        }
    }
}

/// A person or an outlet: a name, or a name with a page.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a name, or an object with a name and a url")]
pub enum Named {
    /// The name alone.
    Name(String),
    /// With the page.
    WithUrl {
        /// The name.
        name: String,
        /// The page.
        #[serde(default)]
        url: Option<String>,
    },
}

impl Named {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Named::Name(name) | Named::WithUrl { name, .. } => name,
        }
    }

    /// The page.
    pub fn url(&self) -> Option<&str> {
        match self {
            Named::Name(_) => None,
            Named::WithUrl { url, .. } => url.as_deref(),
        }
    }
}

impl CallerMetadata {
    /// Reads the envelope's `metadata`.
    ///
    /// # Errors
    /// What is wrong, for the reader.
    pub(crate) fn read(value: Value) -> Result<Self, String> {
        if !value.is_object() {
            return Err("\"metadata\" is an object of the article's fields: {\"title\": \"…\"}, say".into());
        }
        let known = CallerMetadata::deserialize(value).map_err(|error| format!("\"metadata\": {error}"))?;
        let people = [&known.authors, &known.editors].into_iter().flatten();
        let pages = people.flat_map(|people| people.as_slice()).chain(&known.source);
        let urls = pages.filter_map(Named::url).chain(known.image.as_deref());
        for url in urls.chain(known.canonical_url.as_deref()) {
            let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_web {
                let shown: String = url.chars().take(80).collect();
                return Err(format!("\"metadata\": {shown:?} is no absolute URL of http or https"));
            }
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CallerMetadata, String> {
        CallerMetadata::read(serde_json::from_str(json).expect("JSON"))
    }

    #[test]
    fn names_come_alone_in_lists_and_with_pages() {
        let known =
            read(r#"{"authors":["A",{"name":"B","url":"https://b.example/"}],"editors":"C","source":"D","tags":"x"}"#);
        let known = known.expect("metadata");
        let authors = known.authors.expect("authors");
        let names: Vec<_> = authors.as_slice().iter().map(|one| (one.name(), one.url())).collect();
        assert_eq!(names, [("A", None), ("B", Some("https://b.example/"))]);
        assert_eq!(known.editors.expect("editors").as_slice()[0].name(), "C");
        assert_eq!(known.tags.expect("tags").as_slice(), ["x"]);
    }

    #[test]
    fn what_is_no_metadata_is_told() {
        for (json, told) in [
            (r#"{"titel":"x"}"#, "unknown field `titel`"),
            (r#"{"title":5}"#, "a string"),
            (r#"{"authors":5}"#, "a list"),
            (r#"{"image":"javascript:alert(1)"}"#, "no absolute URL"),
            (r#"{"authors":{"name":"A","url":"/a"}}"#, "no absolute URL"),
            (r#"[]"#, "metadata"),
            (r#""x""#, "metadata"),
        ] {
            let error = read(json).map(|known| panic!("{json} is {known:?}")).unwrap_err();
            assert!(error.contains(told), "{json}: {error}");
        }
    }
}
