"""Seeds for the fuzz targets, made of the project's own fixtures.

    python3 fuzz/seeds.py FOLDER

writes one folder a target. A file's name is the hash of its bytes, so that what is there already stays once. Python
standard library only.
"""
import hashlib
import json
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The encodings of fuzz/targets/charset.rs, at the place of their choice there.
CHARSETS = {
    0: "utf-8", 2: "utf-8", 3: "gbk", 4: "gb18030", 5: "big5", 6: "euc-jp", 7: "shift_jis", 8: "iso-2022-jp",
    9: "euc-kr", 10: "utf-16-le", 11: "utf-16-be", 12: "windows-1252", 14: "koi8-r",
}
# Larger ones are the same again, only slower.
MOST_BYTES = 16 << 10


def documents():
    folders = sorted((ROOT / "tests" / "pages").iterdir())
    files = [file for folder in folders for file in (folder / "in.html", folder / "in.md") if file.exists()]
    files += sorted((ROOT / "src" / "http" / "pages" / "samples").iterdir()) + [ROOT / "examples" / "post.md"]
    return [file.read_bytes() for file in files]


def strings(file):
    """The texts in a source file of Rust, as far as they need no reading: plain ones and raw ones."""
    text = file.read_text(encoding="utf-8")
    raw = re.findall(r'r#"(.*?)"#', text, re.DOTALL)
    plain = re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
    return raw + [part.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\") for part in plain]


def seeds():
    pages = documents()
    texts = [page.decode("utf-8", "replace") for page in pages]
    rule_files = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.toml"))]
    broken = sorted((ROOT / "tests" / "rules").rglob("*.toml"))
    rule_files += [file.read_text(encoding="utf-8", errors="replace") for file in broken]
    rules = []
    for text in rule_files:
        try:
            rules += tomllib.loads(text).get("rule", [])
        except (tomllib.TOMLDecodeError, AttributeError):
            pass  # broken on purpose
    rules = [rule for rule in rules if isinstance(rule, dict)]
    selectors = [selector for rule in rules for selector in rule.get("select", []) if isinstance(selector, str)]
    examples = [example["in"] for rule in rules for example in rule.get("example", []) if "in" in example]
    snippets = examples + [
        text
        for name in ("broken", "stream", "tree", "safety", "rules", "facts", "trust")
        for text in strings(ROOT / "tests" / "it" / f"{name}.rs")
        if "<" in text
    ]

    for choice, encoding in CHARSETS.items():
        for text in texts + ["", "a", "\ufeffa", "<meta charset=gbk>a", "中文 中文", "ñandú"]:
            yield "charset", bytes([choice]) + text.encode(encoding, "replace")[:2048]
    for body in [b"\xff\xfea\0", b"\xfe\xff\0a", b"\xef\xbb\xbfa", b"\xc0\x80", b"\xed\xa0\x80", b"\x1b$B\x30", b"\x81"]:
        for choice in range(16):
            yield "charset", bytes([choice]) + body

    for page in pages:
        if page.startswith(b"---"):
            yield "front_matter", page[:4096]
    for text in strings(ROOT / "src" / "input" / "front_matter.rs") + strings(ROOT / "src" / "input" / "lenient.rs") \
            + strings(ROOT / "src" / "input" / "yaml.rs"):
        yield "front_matter", text.encode()

    envelope = {
        "id": "a-17", "url": "https://news.example.com/harbour", "content_type": "text/html", "charset": "gbk",
        "document": texts[0][:2048], "headers": {"Content-Type": "text/html", "content-language": ["de"]},
        "fetched_at": "2024-05-06T07:08:09Z", "context": {"batch": [1, None]},
        "metadata": {"title": "A", "authors": ["B", {"name": "C", "url": None}], "date_published": "2024-05-06"},
        "options": {"mode": "recall", "fields": ["title"], "remove": [".a"], "explain": True, "format": "text"},
    }
    yield "envelope", json.dumps(envelope, ensure_ascii=False).encode()
    for key in envelope:
        yield "envelope", json.dumps({"document": "<p>a</p>", key: envelope[key]}).encode()
    yield "envelope", b'{"document_base64":"PHA+YTwvcD4=","charset":"utf-8"}'
    for text in strings(ROOT / "tests" / "it" / "envelope.rs"):
        if text.startswith("{"):
            yield "envelope", text.encode()

    lines = [f"##{selector}" for selector in selectors]
    lines += ["! a comment", "example.org##.ad", "~example.org,example.com##div > .ad", "example.org#@#.ad",
              "##^script", "#?#div:has(> .ad)", "||ads.example.org^", "##.a:not(.b)", "[Adblock Plus 2.0]"]
    yield "filter_list", "\n".join(lines).encode()
    for line in lines:
        yield "filter_list", line.encode()

    for text in rule_files:
        yield "rule_file", text.encode()[:MOST_BYTES]
        for part in text.split("\n\n"):
            yield "rule_file", part.encode()

    for selector in selectors:
        yield "selector", selector.encode()

    bodies = [page[:MOST_BYTES] for page in pages] + [snippet.encode() for snippet in snippets]
    for number, body in enumerate(bodies):
        yield "road", bytes([number % 6, number % 5]) + body
        yield "stream", bytes([number % 6, 0, 6, 30, 200]) + body
        yield "work", bytes([number % 4]) + body[:2048]
        yield "markdown", body
    for text in strings(ROOT / "tests" / "it" / "markdown.rs"):
        yield "markdown", f"<p>{text}</p><ul><li>{text}</ul><p><b>{text}</b>{text}</p><pre>{text}</pre>".encode()


def main():
    folder = pathlib.Path(sys.argv[1])
    for target, seed in seeds():
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        (place / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


main()
