"""What schemathesis cannot read off openapi.yaml: the grammar of our formats, and lines of JSON."""
import base64
import json

import schemathesis
from hypothesis import strategies as st
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation

NAMES = st.sampled_from(["p", "div", "a", "td", "*", ".ad", "#main", "[href]", "[class~=promo]", "p:nth-child(2n+1)", "i:not(.a)"])
COMPOUNDS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: names[0] + "".join(n for n in names[1:] if not n[0].isalpha() and n != "*"))


@st.composite
def selectors(draw):
    first = draw(COMPOUNDS)
    rest = draw(st.lists(st.tuples(st.sampled_from([" ", " > ", ", "]), COMPOUNDS), max_size=3))
    return first + "".join(between + name for between, name in rest)


schemathesis.openapi.format("css-selector", selectors())
schemathesis.openapi.format("rule-id", st.sampled_from(["generic/script", "generic/style", "generic/hidden"]))
schemathesis.openapi.format("charset-label", st.sampled_from(["utf-8", "gbk", "gb2312", "latin1", "windows-1252", "big5", "koi8-r"]))
schemathesis.openapi.format("field-list", st.sampled_from(["core", "all", "title", "title,source.name", "removed,input"]))
schemathesis.openapi.format("field-name", st.sampled_from(["title", "source.name", "removed", "content_html"]))

# A document has words: what is empty, or no text at all, is refused, and no schema can say so.
DOCUMENTS = st.builds(
    "{}<p>Boats {}</p>{}".format,
    st.sampled_from(["", "---\ntitle: A\n---\n", "<!doctype html><title>A</title>", "<div>"]),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"])),
    st.sampled_from(["", "\n", "<!-- ", "</div>"]),
)
schemathesis.openapi.format("html", DOCUMENTS)
schemathesis.openapi.format("byte", DOCUMENTS.map(lambda text: base64.b64encode(text.encode()).decode()))


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def is_text(media_type):
    return media_type is not None and (media_type.startswith("text/") or media_type in ("application/xhtml+xml", "application/x-ndjson"))


@schemathesis.serializer("application/xml", "application/xhtml+xml", "application/x-ndjson", "application/rss+xml", "application/atom+xml")
def as_it_is(context, value):
    """A body that is text already, and needs no XML around it."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def filter_case(context, case):
    """A body of text cannot be broken: what is no text becomes one on its way, and any text is a document; so is a form's file."""
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta else None
    if case.media_type in FORMS and isinstance(case.body, dict) and not isinstance(case.body.get("file", ""), (str, bytes)):
        return False
    return not is_text(case.media_type) or body is None or not body.mode.is_negative or case.body is NOT_SET


@schemathesis.hook
def map_case(context, case):
    """No schema can say that one parameter needs another."""
    if "report" in (case.query or {}):
        case.headers["TE"] = "trailers"
    return case


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The schema of a stream is that of each line, and schemathesis is given a list of them."""
    answers = raw_schema["paths"]["/v1/batch"]["post"]["responses"]["200"]["content"]
    answers["application/x-ndjson"] = {"schema": {"type": "array", "items": answers["application/x-ndjson"]["schema"]}}


@schemathesis.deserializer("application/x-ndjson")
def lines(context, response):
    return [json.loads(line) for line in response.text.splitlines()]
