#!/usr/bin/env python3
"""Fits the models that say what kind of page it is and which blocks are its article, and measures them on pages that they
were not fitted on.

    training/fit.py PAGES            cross-validates by site, then writes src/engine/extract/score/{blocks,pages}.txt
    training/fit.py PAGES --check    the same, but only says whether those files are what it would write
    training/fit.py PAGES --quick    builds with the profile `quick`, to try a feature

PAGES is a folder of sets, each a folder with `cases.jsonl` and the pages that its lines name: an `id`, a `page`, a `url`
and what is `expect`ed of it: a `body` of text, of words or of `html`, or snippets to `keep` and to `drop`; or a `gold_html`.

A block of a page with a known body is of the article when more than half of its words are in the longest common
subsequence of page and body; of a page with snippets only those blocks count that hold one. Each page weighs the same,
whatever its length. The kind of a page is a feature of its blocks: as the model of
the other folds guesses it. Pages of one site, or of one generator, are in one fold. What is measured is what the engine keeps by
the fold's model, groups and headings included. The same input gives the same bytes. Labels are kept in a folder for
temporary files from one run to the next, since they take longest. Needs Rust and training/requirements.txt.
"""
import argparse, collections, hashlib, json, multiprocessing, pathlib, re, statistics, subprocess, sys, tempfile, unicodedata, urllib.parse
import difflib, html.parser

import numpy

from trees import odds, train, write

HERE = pathlib.Path(__file__).resolve().parent
SCORE = HERE.parent / "src/engine/extract/score"
CACHE = pathlib.Path(tempfile.gettempdir()) / "copydesk-labels"
FOLDS = 5
BLOCKS = dict(iterations=800, depth=6, learning_rate=0.07, l2_leaf_reg=5, rsm=0.3, subsample=0.5)
PAGES = dict(iterations=250, depth=3, learning_rate=0.08, l2_leaf_reg=5, rsm=0.3, subsample=0.7)
# The kinds of pages, as the labels call them.
KINDS = {
    "article": ["article"], "documentation": ["documentation"], "thread": ["forum", "thread"], "product": ["product"],
    "index": ["collection", "listing", "index"], "landing": ["service", "landing"],
}
# Sets of news and blogs, and generators of documentation.
NEWS = ["scrapinghub", "trafilatura", "chinese", "readability", "daniel", "magic_article"]
MANUALS = ["sphinx", "mkdocs", "docusaurus", "starlight"]
# What a page of a set weighs. Mozilla's labels are its own output, mistakes included; snippets are few for a page; pages of
# all kinds are many, and their labels were drafted by a model; sets of one language or of news are small beside them.
WEIGHTS = {"readability": 0.75, "trafilatura": 2.25, "scrapinghub": 2.5, "chinese": 2.0, "magic_article": 2.0, "wcxb": 0.7}
# What a page weighs that is of some kind only because its set is, and how far rare kinds are weighed up to the others.
LIKE_NEWS, EVEN = 0.12, 0.8
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
    def __init__(self, name, case, path, figures, blocks):
        self.set, self.case, self.path = name, case, path
        self.numbers = {block["number"]: i for i, block in enumerate(blocks)}
        self.texts = [block["text"] for block in blocks]
        self.ruled = numpy.array([block["ruled"] for block in blocks], bool)
        self.features = numpy.array([block["features"] for block in blocks], numpy.float32)
        self.body, self.unit = body_of(case)
        self.kind = case.get("expect", {}).get("meta", {}).get("type")
        names = [self.kind or ("article" if name in NEWS else "documentation" if case.get("generator") in MANUALS else "")]
        self.label_of_page = next((i for i, kind in enumerate(KINDS.values()) if names[0] in kind), None)
        self.figures = numpy.array(figures, numpy.float32)
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
        # Pages that are no articles are few.
        rare = 2 if self.kind not in (None, "article") else 1
        self.weights = numpy.array(weights) * WEIGHTS.get(self.set, 1.0) * rare
        return self


def blocks(build, pages, *models):
    """What `blocks.rs` prints: the names of the features of blocks and of pages, and the pages."""
    command = ["cargo", "run", "--quiet", *build, "--locked", "--manifest-path", HERE.parent / "Cargo.toml", "--example", "blocks", "--", *models]
    printed = subprocess.run(command, input="\n".join(f"{path}\t{address or ''}" for path, address in pages), capture_output=True, text=True, check=True).stdout.strip().split("\n")
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
        names, printed = blocks(build, [(path, case.get("url")) for path, case in by_page.items()])
        pages += [
            Page(cases.parent.name, by_page[page["path"]], page["path"], page["page"], page["blocks"]) for page in printed if page["blocks"]
        ]
    with multiprocessing.Pool() as pool:
        return names, pool.map(Page.label, pages, 16)


def fit_pages(pages):
    """A model for each kind of page, against all others."""
    known = [page for page in pages if page.label_of_page is not None]
    features = numpy.array([page.figures for page in known])
    labels = numpy.array([page.label_of_page for page in known])
    weights = numpy.array([1.0 if page.kind else LIKE_NEWS for page in known])
    # Nearly the same for each kind, however many pages it has: the rare ones are as much to be known.
    shares = numpy.bincount(labels, weights) / weights.sum()
    rarer = [numpy.where(labels == kind, (1 / len(KINDS) / shares[kind]) ** EVEN, 1.0) for kind in range(len(KINDS))]
    return [train(features, labels == kind, weights * rarer[kind], **PAGES) for kind in range(len(KINDS))]


def guess(models, pages):
    """How likely each page is of each kind."""
    likely = numpy.array([1 / (1 + numpy.exp(-odds(model, numpy.array([page.figures for page in pages])))) for model in models]).T
    return (likely / likely.sum(1, keepdims=True)).astype(numpy.float32)


def fit_blocks(pages):
    features = numpy.concatenate([numpy.concatenate([page.features, numpy.tile(page.guess, (len(page.features), 1))], 1) for page in pages])
    labels = numpy.concatenate([page.labels for page in pages])
    weights = numpy.concatenate([page.weights for page in pages])
    known = weights > 0
    return [train(features[known], labels[known], weights[known], **BLOCKS)]


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


def kinds_right(pages):
    """Of the pages of known kind the share whose likeliest kind is right, and of which it is right whether they are articles."""
    pages = [page for page in pages if page.kind]
    # As in page_kind.rs: first whether it is an article at all.
    guessed = [int(page.guess[:2].argmax()) if page.guess[:2].sum() > 0.5 else 2 + int(page.guess[2:].argmax()) for page in pages]
    figures = {"kind": statistics.mean(guess == page.label_of_page for guess, page in zip(guessed, pages))}
    figures["is_article"] = statistics.mean((guess < 2) == (page.label_of_page < 2) for guess, page in zip(guessed, pages))
    for number, kind in enumerate(KINDS):
        figures[f"kind {kind}"] = statistics.mean(guess == number for guess, page in zip(guessed, pages) if page.label_of_page == number)
    return figures


def calibrate(pages, kept, quality):
    """Of pages of known kind, for levels of quality: how many reach it, the share of them that are articles with a text of which
    F1 is 0.8, and the share of such pages that reach it."""
    pairs = []
    for page, stays, level in zip(pages, kept, quality):
        if page.label_of_page is not None and page.body is not None:
            text = "\n".join(text for text, keep, ruled in zip(page.texts, stays, page.ruled) if keep and not ruled)
            want, got = grams(page.body, page.unit, 1), grams(text, page.unit, 1)
            f1 = 2 * (want & got).total() / max(1, want.total() + got.total())
            pairs.append((level, page.label_of_page < 2 and f1 >= 0.8))
    for least in (0.1, 0.3, 0.5, 0.7, 0.9, 0.95):
        reached = [is_good for level, is_good in pairs if level >= least]
        yield f"{least} {len(reached)}: {statistics.mean(reached):.3f} {sum(reached) / sum(is_good for _, is_good in pairs):.3f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pages", type=pathlib.Path)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments = arguments.parse_args()
    build = ["--profile", "quick"] if arguments.quick else ["--release"]
    names, pages = read(arguments.pages, build)
    of_blocks, of_pages = names
    others = [[page for page in pages if page.fold != fold] for fold in range(FOLDS)]
    with multiprocessing.Pool() as pool:
        by_fold = pool.map(fit_pages, others, 1)
        for fold, models in enumerate(by_fold):
            unseen = [page for page in pages if page.fold == fold]
            for page, kinds in zip(unseen, guess(models, unseen)):
                page.guess = kinds
        fitted = pool.map(fit_blocks, [*others, pages], 1)
    print("unseen sites, kinds of pages:", *(f"{name} {share:.3f}" for name, share in kinds_right(pages).items()), sep="\n  ")
    kept, quality = {mode: [None] * len(pages) for mode in MODES}, [None] * len(pages)
    for fold in range(FOLDS):
        with tempfile.NamedTemporaryFile("w") as block_file, tempfile.NamedTemporaryFile("w") as page_file:
            block_file.write(write("fit.py", of_blocks, {"article": fitted[fold][0]}))
            page_file.write(write("fit.py", of_pages, dict(zip(KINDS, by_fold[fold]))))
            block_file.flush(), page_file.flush()
            unseen = [i for i, page in enumerate(pages) if page.fold == fold]
            printed = blocks(build, [(pages[i].path, pages[i].case.get("url")) for i in unseen], block_file.name, page_file.name)[1]
            for i, page in zip(unseen, printed):
                quality[i] = page["quality"]
                for mode in MODES:
                    kept[mode][i] = numpy.zeros(len(pages[i].texts), bool)
                    kept[mode][i][[pages[i].numbers[number] for number in page[mode] if number in pages[i].numbers]] = True
    for mode in MODES:
        print(f"unseen sites, {mode}:")
        for name, (f, *rest) in sorted(measure(pages, kept[mode]).items()):
            print(f"  {name:24} F1 {f:.4f}", *(f"{side} {x:.4f}" for side, x in zip(("precision", "recall"), rest)), flush=True)
    print("quality from, pages: precision, recall", *calibrate(pages, kept["balanced"], quality), sep="\n  ")
    files = {
        SCORE / "blocks.txt": write("fit.py", of_blocks, {"article": fitted[FOLDS][0]}),
        SCORE / "pages.txt": write("fit.py", of_pages, dict(zip(KINDS, fit_pages(pages)))),
    }
    for file, text in files.items():
        if arguments.check and text != file.read_text():
            sys.exit(f"{file} is not what these pages give")
        file.write_text(text)


if __name__ == "__main__":
    main()
