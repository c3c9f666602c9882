"""How often rules take text that the labels say is the article's, over all sets of labelled pages.

Each page is normalised twice, with all rules and without any; a labelled snippet (of sets that have whole bodies: a line
of one) that is there without them and not with them was taken by a rule. Python standard library only.
"""
import concurrent.futures
import html.parser
import io
import json
import lzma
import re
import tarfile
import unicodedata
import urllib.parse
import urllib.request

PATIENCE_SECONDS = 120


def fold(text):
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text or ""))


class Lines(html.parser.HTMLParser):
    """The text between tags, each piece a line."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def handle_data(self, data):
        self.lines.append(data)


def snippets(expect):
    if "keep" in expect:
        return expect["keep"]
    if expect["kind"] == "body":
        return expect["body"].splitlines()
    parser = Lines()
    parser.feed(expect["html"] or "")
    parser.close()
    return parser.lines


def cases(path):
    with lzma.open(path) as packed, tarfile.open(fileobj=io.BytesIO(packed.read())) as archive:
        for line in archive.extractfile("cases.jsonl").read().decode().splitlines():
            case = json.loads(line)
            yield case, archive.extractfile(case["page"]).read()


def measure(url, data):
    """For each set how many snippets there are, and those that a rule took: the page, the snippet, the rules at work."""
    with urllib.request.urlopen(f"{url}/v1/rules", timeout=PATIENCE_SECONDS) as response:
        every_rule = [("without", rule["id"]) for rule in json.load(response)["rules"]]

    def post(case, page, more):
        query = [("fields", "content_text,removed"), *more]
        if case.get("url"):
            query.append(("url", case["url"]))
        kind = "text/markdown" if case["page"].endswith(".md") else "text/html"
        address = f"{url}/v1/normalize?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(address, data=page, headers={"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return json.load(response)

    def of_page(job):
        case, page = job
        with_rules, without = post(case, page, []), post(case, page, every_rule)
        kept, all_text = fold(with_rules["content_text"]), fold(without["content_text"])
        labelled = [snippet for snippet in map(fold, snippets(case["expect"])) if snippet]
        rules = sorted({r["rule"] for r in with_rules["removed"] if not r["rule"].startswith("score/")})
        taken = [(case["id"], snippet, rules) for snippet in labelled if snippet in all_text and snippet not in kept]
        return len(labelled), taken

    figures = {}
    for path in sorted(data.glob("*.tar.xz")):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            pages = list(pool.map(of_page, cases(path)))
        taken = [one for _, of_one in pages for one in of_one]
        figures[path.name.split(".")[0]] = (sum(count for count, _ in pages), taken)
    return figures
