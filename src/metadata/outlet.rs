//! The outlet where a text first appeared, by its dateline or its closing brackets.

use std::sync::LazyLock;

use super::people::reporters::holds_han;
use crate::pattern::Pattern;

/// Bytes at the beginning of a text where a dateline may stand.
const HEAD_BYTES: usize = 1200;

/// `中新网哈尔滨7月27日电`, `新京报讯（记者 …）`, `某某之家 2 月 1 日消息`.
static DATELINE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?m)^\s*(?<outlet>[\p{Han}A-Za-z]{1,8}?(?:[社网报台]|之家|新闻))(?:\s*\p{Han}{2,8})?\s*(?:\d{1,2}\s*月\s*\d{1,2}\s*日\s*(?:电|讯|消息|报道)|讯\s*[（(])",
    )
});
/// `（某某证券网）` as the last words.
static CLOSING: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::fixed(r"[（(](?<outlet>[\p{Han}A-Za-z0-9]{2,10}(?:[社网报台]|新闻|客户端))[）)]\s*$"));

/// The outlet that a text names as its own.
pub(crate) fn outlet(text: &str) -> Option<&str> {
    let head_end = (0..=HEAD_BYTES.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))?;
    let tail_from = (text.len().saturating_sub(100)..=text.len()).find(|i| text.is_char_boundary(*i))?;
    let (head, tail) = (&text[..head_end], &text[tail_from..]);
    let dateline = holds_han(head).then(|| DATELINE.captures(head)).flatten();
    let found = dateline.or_else(|| holds_han(tail).then(|| CLOSING.captures(tail))?)?;
    found.name("outlet").map(|m| m.as_str())
}

/// `来源：某某日报` in a line beside the title.
static SOURCE: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::fixed(
        r"(?m)(?:^|[\s　|丨(（])(?:文章来源|信息来源|稿件来源|来源|來源|稿源|出处)\s?[:：]\s?(?<outlet>[^\s，。；：:（）()【】\[\]|丨]{2,24})",
    )
});

/// The outlet that a line at the title names as the source.
pub(crate) fn in_lines(lines: &str) -> Option<&str> {
    let outlet = holds_han(lines)
        .then(|| SOURCE.captures(lines))
        .flatten()?
        .name("outlet")?;
    Some(outlet.as_str()).filter(|name| holds_han(name))
}

/// An outlet's name as it stands in a line: of a list each, out of its quotes, without the town of the desk behind it.
pub(crate) fn tidy(line: &str) -> String {
    static DESK: LazyLock<Pattern> =
        LazyLock::new(|| Pattern::fixed(r"^(\p{Han}{1,4}(?:网|社|电视台|日报))\p{Han}{2,3}$"));
    let items = line.split(['、', '，', ',']).map(|item| {
        let quoted = [('“', '”'), ('《', '》'), ('"', '"')].iter().find_map(|(open, close)| {
            let inner = item.split_once(*open)?.1;
            Some(inner.split_once(*close)?.0)
        });
        let name = quoted.unwrap_or(item).trim();
        DESK.captures(name)
            .and_then(|captures| captures.get(1))
            .map_or(name, |m| m.as_str())
    });
    items.filter(|name| !name.is_empty()).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidies_lists_of_outlets() {
        assert_eq!(
            tidy("微信公众号“某某新闻”、中某网漳州、《某某日报》"),
            "某某新闻、中某网、某某日报"
        );
        assert_eq!(tidy("某某社"), "某某社");
        assert_eq!(tidy("中国社会科学网"), "中国社会科学网");
    }

    #[test]
    fn reads_datelines_and_closing_brackets() {
        assert_eq!(outlet("某新网某地7月27日电（记者 王某）27日，"), Some("某新网"));
        assert_eq!(outlet("新某报讯（记者 王某）3月17日晚"), Some("新某报"));
        assert_eq!(outlet("某某之家 2 月 1 日消息，某公司"), Some("某某之家"));
        assert_eq!(outlet("布局了上下游。（某某证券网）"), Some("某某证券网"));
        assert_eq!(outlet("他上网查了7月的报表。（完）"), None);
        assert_eq!(outlet(""), None);
        assert_eq!(
            in_lines("标题\n2024年03月05日 14:30　来源：海港晚报　作者：林晓舟"),
            Some("海港晚报")
        );
        assert_eq!(in_lines("他说，来源不明"), None);
    }
}
