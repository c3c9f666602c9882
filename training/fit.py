#!/usr/bin/env python3
"""Fits the model that tells an article's blocks from the others, and measures it on pages it was not fitted on.

    training/fit.py PAGES            cross-validates by site, then writes src/engine/score/model.txt
    training/fit.py PAGES --check    the same, but only says whether model.txt is what it would write
    training/fit.py PAGES --quick    builds with the profile `quick`, to try a feature

PAGES is a folder of sets, each a folder with `cases.jsonl` and the pages that its lines name: an `id`, a `page`, a `url`
and what is `expect`ed of it: a `body` of text, of words or of `html`, or snippets to `keep` and to `drop`; or a `gold_html`.

A block of a page with a known body is of the article when more than half of its words are in the longest common
subsequence of page and body; of a page with snippets only those blocks count that hold one. Each page weighs the same,
whatever its length. Pages of one site, or of one generator, are in one fold. What is measured is what the engine keeps by
the fold's model, groups and headings included. The same input gives the same bytes. Labels are kept in a folder for
temporary files from one run to the next, since they take longest. Needs Rust and training/requirements.txt.
"""
import argparse, collections, hashlib, json, multiprocessing, pathlib, re, statistics, subprocess, sys, tempfile, unicodedata, urllib.parse
import difflib, html.parser

import lightgbm
import numpy

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "src/engine/score/model.txt"
CACHE = pathlib.Path(tempfile.gettempdir()) / "copydesk-labels"
FOLDS = 5
TREES = 400
PARAMETERS = dict(
    objective="binary", learning_rate=0.05, num_leaves=32, min_data_in_leaf=20, min_sum_hessian_in_leaf=1.0, feature_fraction=0.3,
    bagging_fraction=0.5, bagging_freq=1, lambda_l2=5.0, max_bin=127, seed=1, deterministic=True, force_row_wise=True, num_threads=1, verbose=-1,
)
# What a page of a set weighs. Mozilla's labels are its own output, mistakes included; snippets are few for a page; pages of
# all kinds are many, and their labels were drafted by a model; sets of one language or of news are small beside them.
WEIGHTS = {"readability": 0.75, "trafilatura": 2.25, "scrapinghub": 2.5, "chinese": 2.0, "magic_article": 2.0, "wcxb": 0.7}
MODES = ("recall", "balanced", "precision")
WORD = re.compile(r"\w+")


class Text(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_data(self, data):
        self.parts.append(data)

    def handle_starttag(self, tag, attributes):
        self.parts.append(" ")


def plain(source):
    reader = Text()
    reader.feed(source or "")
    reader.close()
    return "".join(reader.parts)


def words(text, unit):
    found = WORD.findall(unicodedata.normalize("NFC", text or ""))
    return list("".join(found)) if unit == "char" else found


def squash(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def label_by_body(texts, body, unit):
    """For each block the share of its words that are the body's (-1 without words), and how many words it has."""
    sequence, owner = [], []
    for block, text in enumerate(texts):
        own = words(text, unit)
        sequence += own
        owner += [block] * len(own)
    counts, matched = [0] * len(texts), [0] * len(texts)
    for block in owner:
        counts[block] += 1
    for start, _, length in difflib.SequenceMatcher(None, sequence, words(body, unit), autojunk=False).get_matching_blocks():
        for block in owner[start:start + length]:
            matched[block] += 1
    return [m / n if n else -1 for m, n in zip(matched, counts)], counts


def label_by_snippets(texts, keep, drop):
    """For each block 1, 0, or -1 where nothing is known, and how many snippets say so."""
    texts = [squash(text) for text in texts]
    labels, counts = [-1] * len(texts), [0.0] * len(texts)
    for snippets, label in ((keep, 1), (drop, 0)):
        for snippet in filter(lambda s: len(s) > 1, map(squash, snippets)):
            holders = [i for i, text in enumerate(texts) if snippet in text]
            if label == 1:
                # A snippet over several blocks; and of several blocks that hold it, the longest.
                holders = holders or [i for i, text in enumerate(texts) if len(text) > 15 and text in snippet]
                holders = holders if len(holders) < 2 or not any(snippet in texts[i] for i in holders) else [max(holders, key=lambda i: len(texts[i]))]
            holders = [i for i in holders[:6] if label == 1 or labels[i] != 1]
            for i in holders:
                labels[i] = label
                counts[i] += 1 / len(holders)
    return labels, counts


def body_of(case):
    """The text of the article, or nothing, and the unit that it is measured in."""
    if "gold_html" in case:
        return plain(case["gold_html"]), "word"
    expect = case["expect"]
    body = {"body": expect.get("body"), "words": expect.get("body"), "html": plain(expect.get("html"))}
    return body.get(expect["kind"]), expect.get("unit", "word")


def site_of(case):
    """What the pages of one fold have in common: the generator, or the site by its address or by the case's id."""
    if "generator" in case:
        return case["generator"]
    in_id = re.match(r"[^/]*/\d{8}_([^_]+)_", case["id"])
    host = urllib.parse.urlparse(case.get("url") or "").hostname or (in_id[1] if in_id else "")
    return ".".join(host.removeprefix("www.").split(".")[-2:]) if "." in host else case["id"]


def label(texts, body, unit):
    """As `label_by_body`, remembered from one run to the next."""
    known = CACHE / hashlib.sha256(json.dumps([texts, body, unit]).encode()).hexdigest()
    if not known.exists():
        CACHE.mkdir(exist_ok=True)
        known.with_suffix(".new").write_text(json.dumps(label_by_body(texts, body, unit)))
        known.with_suffix(".new").rename(known)
    return json.loads(known.read_text())


class Page:
    def __init__(self, name, case, path, blocks):
        self.set, self.case, self.path = name, case, path
        self.numbers = {block["number"]: i for i, block in enumerate(blocks)}
        self.texts = [block["text"] for block in blocks]
        self.ruled = numpy.array([block["ruled"] for block in blocks], bool)
        self.features = numpy.array([block["features"] for block in blocks], numpy.float32)
        self.body, self.unit = body_of(case)
        self.kind = case.get("expect", {}).get("meta", {}).get("type")
        site = site_of(case)
        self.fold = int(hashlib.md5(site.encode()).hexdigest(), 16) % FOLDS

    def label(self):
        if self.body is None:
            expect = self.case["expect"]
            labels, counts = label_by_snippets(self.texts, expect["keep"], expect["drop"])
            weights = [count if label >= 0 else 0 for label, count in zip(labels, counts)]
        else:
            labels, counts = label(self.texts, self.body, self.unit)
            whole = max(20, sum(count for label, count in zip(labels, counts) if label > 0.5))
            weights = [min(3, 10 * (count / whole + 0.003)) if label >= 0 else 0 for label, count in zip(labels, counts)]
        self.labels = numpy.array(labels) > 0.5
        self.weights = numpy.array(weights) * WEIGHTS.get(self.set, 1.0)
        return self


def blocks(build, paths, *model):
    """What `blocks.rs` prints: the names of the features, and the pages."""
    command = ["cargo", "run", "--quiet", *build, "--locked", "--manifest-path", HERE.parent / "Cargo.toml", "--example", "blocks", "--", *model]
    printed = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True).stdout.strip().split("\n")
    return json.loads(printed[0]), map(json.loads, printed[1:])


def read(folder, build):
    """The names of the features, and the pages of all sets with bodies or snippets."""
    names, pages = None, []
    for cases in sorted(folder.glob("*/cases.jsonl")):
        by_page = {}
        for line in filter(None, cases.read_text().split("\n")):
            case = json.loads(line)
            expect = case.get("expect", {"kind": "html"})
            if expect["kind"] in ("body", "words", "html") or (expect["kind"] == "snippets" and expect["keep"] + expect["drop"]):
                by_page[str(cases.parent / case["page"])] = case
        if not by_page:
            continue
        names, printed = blocks(build, by_page)
        pages += [Page(cases.parent.name, by_page[page["path"]], page["path"], page["blocks"]) for page in printed if page["blocks"]]
    with multiprocessing.Pool() as pool:
        return names, pool.map(Page.label, pages, 16)


def fit(pages):
    features = numpy.concatenate([page.features for page in pages])
    labels = numpy.concatenate([page.labels for page in pages])
    weights = numpy.concatenate([page.weights for page in pages])
    known = weights > 0
    data = lightgbm.Dataset(features[known], labels[known].astype(int), weight=weights[known])
    return lightgbm.train(PARAMETERS, data, TREES)


def grams(text, unit, size):
    found = words(text, unit)
    return collections.Counter(tuple(found[i:i + size]) for i in range(max(1, len(found) - size + 1)) if found)


def measure(pages, kept):
    """F1, precision and recall by set: 4-grams of bodies, and words of the pages of all kinds, as means over pages; snippets as
    one count. Of the latter F1 is the mean as well, and by kind."""
    bodies, kinds, snippets = (collections.defaultdict(make) for make in (list, list, lambda: [0, 0, 0]))
    for page, stays in zip(pages, kept):
        text = "\n".join(text for text, keep, ruled in zip(page.texts, stays, page.ruled) if keep and not ruled)
        if page.body is None:
            got, expect, counts = squash(text), page.case["expect"], snippets[page.set]
            missed = sum(squash(s) not in got for s in expect["keep"])
            counts[0] += len(expect["keep"]) - missed
            counts[1] += sum(squash(s) in got for s in expect["drop"])
            counts[2] += missed
            continue
        size = 1 if page.kind else 4
        fold = str.lower if page.kind else str
        want, got = grams(fold(page.body), page.unit, size), grams(fold(text), page.unit, size)
        both = (want & got).total()
        precision, recall = (both / side.total() if side else None for side in (got, want))
        bodies[page.set].append((precision, recall))
        if page.kind:
            kinds[page.set, page.kind].append(2 * both / max(1, got.total() + want.total()))
    figures = {}
    for name, pairs in bodies.items():
        p, r = (statistics.mean(x for x in side if x is not None) for side in zip(*pairs))
        figures[name] = (2 * p * r / (p + r), p, r)
    for name, (right, leaked, missed) in snippets.items():
        figures[name] = (2 * right / (2 * right + leaked + missed), right / (right + leaked), right / (right + missed))
    for (name, kind), each in kinds.items():
        figures[f"{name} {kind}"] = (statistics.mean(each),)
    for name in {name for name, _ in kinds}:
        each = [f for (of, _), all in kinds.items() if of == name for f in all]
        figures[name] = (statistics.mean(each), *figures[name][1:])
    return figures


def write(names, model):
    """The model as text: see src/engine/score/model.rs."""
    lines = ["# Written by training/fit.py. Nodes: feature, threshold, where to go at most there, where to go above it."]
    lines += [f"feature {name}" for name in names]

    def number(value):
        return str(numpy.float32(value))

    for tree in model.dump_model()["tree_info"]:
        nodes = []

        def add(node):
            if "leaf_value" in node:
                return f"={node['leaf_value']:.4g}"
            place = len(nodes)
            nodes.append(None)
            left, right = add(node["left_child"]), add(node["right_child"])
            nodes[place] = f"{node['split_feature']} {number(node['threshold'])} {left} {right}"
            return str(place)

        if add(tree["tree_structure"]).startswith("="):
            continue
        lines += ["tree", *nodes]
    return "\n".join(lines) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pages", type=pathlib.Path)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments = arguments.parse_args()
    build = ["--profile", "quick"] if arguments.quick else ["--release"]
    names, pages = read(arguments.pages, build)
    kept = {mode: [None] * len(pages) for mode in MODES}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        for fold in range(FOLDS):
            file.seek(0)
            file.truncate()
            file.write(write(names, fit([page for page in pages if page.fold != fold])))
            file.flush()
            unseen = [i for i, page in enumerate(pages) if page.fold == fold]
            for i, page in zip(unseen, blocks(build, [pages[i].path for i in unseen], file.name)[1]):
                for mode in MODES:
                    kept[mode][i] = numpy.zeros(len(pages[i].texts), bool)
                    kept[mode][i][[pages[i].numbers[number] for number in page[mode] if number in pages[i].numbers]] = True
    for mode in MODES:
        print(f"unseen sites, {mode}:")
        for name, (f, *rest) in sorted(measure(pages, kept[mode]).items()):
            print(f"  {name:24} F1 {f:.4f}", *(f"{side} {x:.4f}" for side, x in zip(("precision", "recall"), rest)), flush=True)
    text = write(names, fit(pages))
    if arguments.check:
        sys.exit(0 if text == MODEL.read_text() else f"{MODEL} is not what these pages give")
    MODEL.write_text(text)


main()
