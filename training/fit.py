#!/usr/bin/env python3
"""Fits the model that tells an article's blocks from the others, and measures it on pages it was not fitted on.

    training/fit.py PAGES            cross-validates by site, then writes src/engine/score/model.txt
    training/fit.py PAGES --check    the same, but only says whether model.txt is what it would write

PAGES is a folder of sets, each a folder with `cases.jsonl` and the pages that its lines name: an `id`, a `page`, a `url`
and what is `expect`ed of it: a `body` of text or of `html`, or snippets to `keep` and to `drop`.

A block of a page with a known body is of the article when more than half of its words are in the longest common
subsequence of page and body; of a page with snippets only those blocks count that hold one. Each page weighs the same,
whatever its length. The same input gives the same bytes. Needs Rust and training/requirements.txt.
"""
import argparse, collections, hashlib, json, pathlib, re, statistics, subprocess, sys, unicodedata, urllib.parse
import difflib, html.parser

import lightgbm
import numpy

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "src/engine/score/model.txt"
FOLDS = 5
TREES = 180
PARAMETERS = dict(
    objective="binary", learning_rate=0.05, num_leaves=16, min_data_in_leaf=20, min_sum_hessian_in_leaf=1.0, feature_fraction=0.3,
    bagging_fraction=0.7, bagging_freq=1, lambda_l2=5.0, seed=1, deterministic=True, force_row_wise=True, num_threads=1, verbose=-1,
)
# Mozilla's labels are its own output, mistakes included; snippets are few for a page.
TRUST = {"readability": 0.5, "trafilatura": 1.5}
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


class Page:
    def __init__(self, name, case, blocks):
        self.set, self.case = name, case
        self.texts = [block["text"] for block in blocks]
        self.ruled = numpy.array([block["ruled"] for block in blocks], bool)
        self.features = numpy.array([block["features"] for block in blocks], numpy.float32)
        expect = case["expect"]
        self.unit = expect.get("unit", "word")
        if expect["kind"] == "snippets":
            self.body = None
            labels, counts = label_by_snippets(self.texts, expect["keep"], expect["drop"])
            weights = [count if label >= 0 else 0 for label, count in zip(labels, counts)]
        else:
            self.body = expect["body"] if expect["kind"] == "body" else plain(expect["html"])
            labels, counts = label_by_body(self.texts, self.body, self.unit)
            whole = max(20, sum(count for label, count in zip(labels, counts) if label > 0.5))
            weights = [min(3, 10 * (count / whole + 0.003)) if label >= 0 else 0 for label, count in zip(labels, counts)]
        self.labels = numpy.array(labels) > 0.5
        self.weights = numpy.array(weights) * TRUST.get(name, 1.0)
        host = (urllib.parse.urlparse(case.get("url") or "").hostname or "").removeprefix("www.")
        site = ".".join(host.split(".")[-2:]) if "." in host else case["id"]
        self.fold = int(hashlib.md5(site.encode()).hexdigest(), 16) % FOLDS


def read(folder):
    """The names of the features, and the pages of all sets with bodies or snippets."""
    names, pages = None, []
    for cases in sorted(folder.glob("*/cases.jsonl")):
        by_page = {}
        for line in filter(None, cases.read_text().split("\n")):
            case = json.loads(line)
            if case["expect"]["kind"] in ("body", "html", "snippets"):
                by_page[str(cases.parent / case["page"])] = case
        if not by_page:
            continue
        command = ["cargo", "run", "--quiet", "--release", "--locked", "--manifest-path", HERE.parent / "Cargo.toml", "--example", "blocks"]
        told = subprocess.run(command, input="\n".join(by_page), capture_output=True, text=True, check=True).stdout.strip().split("\n")
        names = json.loads(told[0])
        for line in told[1:]:
            page = json.loads(line)
            if page["blocks"]:
                pages.append(Page(cases.parent.name, by_page[page["path"]], page["blocks"]))
    return names, pages


def fit(pages):
    features = numpy.concatenate([page.features for page in pages])
    labels = numpy.concatenate([page.labels for page in pages])
    weights = numpy.concatenate([page.weights for page in pages])
    known = weights > 0
    data = lightgbm.Dataset(features[known], labels[known].astype(int), weight=weights[known])
    return lightgbm.train(PARAMETERS, data, TREES)


def shingles(text, unit):
    found = words(text, unit)
    return collections.Counter(tuple(found[i:i + 4]) for i in range(max(1, len(found) - 3)) if found)


def measure(pages, kept):
    """Precision and recall by set: 4-grams of bodies as means over pages, snippets as one count."""
    bodies, snippets = collections.defaultdict(list), collections.defaultdict(lambda: [0, 0, 0])
    for page, blocks in zip(pages, kept):
        text = "\n".join(text for text, keep, ruled in zip(page.texts, blocks, page.ruled) if keep and not ruled)
        if page.body is None:
            got, expect, counts = squash(text), page.case["expect"], snippets[page.set]
            missed = sum(squash(s) not in got for s in expect["keep"])
            counts[0] += len(expect["keep"]) - missed
            counts[1] += sum(squash(s) in got for s in expect["drop"])
            counts[2] += missed
        else:
            want, got = shingles(page.body, page.unit), shingles(text, page.unit)
            both = (want & got).total()
            bodies[page.set].append((both / got.total() if got else None, both / want.total() if want else None))
    figures = {}
    for name, pairs in bodies.items():
        p, r = (statistics.mean(x for x in side if x is not None) for side in zip(*pairs))
        figures[name] = (2 * p * r / (p + r), p, r)
    for name, (right, leaked, missed) in snippets.items():
        figures[name] = (2 * right / (2 * right + leaked + missed), right / (right + leaked), right / (right + missed))
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
    arguments = arguments.parse_args()
    names, pages = read(arguments.pages)
    unseen = [None] * len(pages)
    for fold in range(FOLDS):
        model = fit([page for page in pages if page.fold != fold])
        for i, page in enumerate(pages):
            if page.fold == fold:
                unseen[i] = model.predict(page.features)
    for threshold in (0.25, 0.5, 0.7):
        figures = measure(pages, [likely >= threshold for likely in unseen])
        print(f"unseen sites, from {threshold}:", "  ".join(f"{name} F1 {f:.4f} P {p:.4f} R {r:.4f}" for name, (f, p, r) in sorted(figures.items())), flush=True)
    text = write(names, fit(pages))
    if arguments.check:
        sys.exit(0 if text == MODEL.read_text() else f"{MODEL} is not what these pages give")
    MODEL.write_text(text)


main()
