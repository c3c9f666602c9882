#!/usr/bin/env python3
"""Fits the model that says which lines of a post are none of its text, and measures it on sources that it was not fitted on.

    training/fit_lines.py SETS            cross-validates by source, then writes src/engine/extract/line_score/lines.txt
    training/fit_lines.py SETS --check    the same, but only says whether that file is what it would write
    training/fit_lines.py SETS --quick    builds with the profile `quick`

SETS is a folder as for fit.py. Posts are those whose page is Markdown; their labels are snippets to keep and to drop. Of pages
the lines of the article and a few around it are read: what stands in the known body is text, the others are not. Lines that
rules take are examples as well. What is measured is what the engine keeps of posts by the model of the other sources,
the guard and the rule about the middle of a text included. The same input gives the same bytes.
"""
import argparse, collections, hashlib, json, multiprocessing, pathlib, re, subprocess, sys, tempfile, unicodedata

import numpy

import fit
import trees

MODEL = fit.HERE.parent / "src/engine/extract/line_score/lines.txt"
FOLDS = 10
THRESHOLDS = {"precision": 0.25, "balanced": 0.4, "recall": 0.7}
LINES = dict(iterations=220, depth=4, learning_rate=0.08, l2_leaf_reg=8, rsm=0.3, subsample=0.6)
# What a line weighs: one that rules take, one of a post that no label names, one of a page, one to keep.
RULED, UNNAMED, OF_PAGE, KEPT = 0.3, 0.7, 0.06, 2.0


def dense(text):
    return re.sub(r"[\s\u200b\ufeff]+", "", unicodedata.normalize("NFC", text or ""))


def printed(build, paths, *arguments):
    command = ["cargo", "run", "--quiet", *build, "--locked", "--manifest-path", fit.HERE.parent / "Cargo.toml", "--example", "lines", "--", *map(str, arguments)]
    lines = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True).stdout.strip().split("\n")
    return json.loads(lines[0]), [json.loads(line)["lines"] for line in lines[1:]]


class Document:
    def __init__(self, name, case, path, lines, names):
        self.set, self.case, self.path, self.lines = name, case, path, lines
        self.is_post = path.endswith(".md")
        self.texts = [dense(line["text"]) for line in lines]
        # The features that say of which kind a line's words are.
        self.says = [i for i, name in enumerate(names) if name.startswith("says ")]
        self.ruled = numpy.array([line["ruled"] for line in lines], bool)
        asked = numpy.array([line["asked"] for line in lines], bool)
        expect = case.get("expect", {})
        self.keep, self.drop = ([dense(s) for s in expect.get(side) or []] for side in ("keep", "drop"))
        self.source = self.source_of()
        body, _ = fit.body_of(case) if not self.is_post else (None, None)
        label = self.by_body(dense(body)) if body else self.by_snippets()
        self.labels, self.weights = (numpy.array(side) for side in zip(*map(label, range(len(lines))))) if lines else (numpy.zeros(0), numpy.zeros(0))
        self.weights = self.weights * asked
        self.features = numpy.array([line["features"] for line in lines], numpy.float32)

    def source_of(self):
        parts = self.case["id"].split(":")
        named = (self.case.get("expect", {}).get("meta") or {}).get("site_name")
        source = (named or (parts[1] if parts[0] == "feed" else self.case["id"])) if self.is_post else fit.site_of(self.case)
        return source.split(" - ")[0]

    def by_body(self, body):
        def label(i):
            # What the text of a page leaves out without saying why teaches nothing about posts.
            is_text, says = self.texts[i] in body, any(self.lines[i]["features"][feature] for feature in self.says)
            return (0.0, 2 * OF_PAGE) if is_text else (1.0, OF_PAGE if says and len(self.texts[i]) > 3 else 0.0)
        return label

    def by_snippets(self):
        def holds(i, snippets):
            text = self.texts[i]
            return any(s in text or (len(text) > 5 and text in s) for s in snippets)

        def label(i):
            if holds(i, self.keep):
                return 0.0, KEPT
            if holds(i, self.drop):
                return 1.0, 1.0
            if self.ruled[i]:
                return 1.0, RULED
            return 0.0, UNNAMED if self.is_post else 0.0
        return label


def read(folder, build):
    cases = []
    for file in sorted(folder.glob("*/cases.jsonl")):
        by_page = {}
        for line in filter(None, file.read_text().split("\n")):
            case = json.loads(line)
            kind = (case.get("expect") or {}).get("kind")
            is_article = (case.get("expect", {}).get("meta") or {}).get("type") in (None, "article")
            if "gold_html" not in case and is_article and kind in ("body", "words", "snippets", "post"):
                by_page[case["page"]] = case
        cases += [(file.parent.name, case, str(file.parent / page)) for page, case in by_page.items()]
    names, found = printed(build, [path for *_, path in cases])
    return names, [Document(*case, lines, names) for case, lines in zip(cases, found)]


def train(documents):
    features, labels, weights = (numpy.concatenate([getattr(d, part) for d in documents if len(d.lines)]) for part in ("features", "labels", "weights"))
    known = weights > 0
    return trees.train(features[known], labels[known], weights[known], **LINES)


def text_of(model, names):
    return trees.write("fit_lines.py", names, {"boilerplate": model})


def keep_by(build, names, model, documents):
    """What goes of each document, by mode."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text_of(model, names))
        file.flush()
        return printed(build, [d.path for d in documents], file.name, *THRESHOLDS.values())[1]


def measure(title, documents, gone):
    for number, mode in enumerate(THRESHOLDS):
        counts, lost, reasons = collections.defaultdict(lambda: [0, 0, 0, 0]), [], collections.Counter()
        for d, of_modes in zip(documents, gone):
            starts = {start: reason for start, reason in of_modes[number]} if of_modes else {}
            reasons.update(starts.values())
            stays = [not ruled and line["start"] not in starts for line, ruled in zip(d.lines, d.ruled)]
            text, before = ("".join(t for t, keep in zip(d.texts, side) if keep) for side in (stays, ~d.ruled))
            count = counts[d.set]
            count[0] += sum(s in text for s in d.keep)
            count[1] += sum(s in text for s in d.drop)
            count[2] += sum(s not in text for s in d.keep)
            mine = [s for s in d.keep if s in before and s not in text]
            count[3] += len(mine)
            lost += [(d.case["id"], s) for s in mine]
            if title == "unseen" and mode == "balanced":
                for s in d.drop:
                    if s in text:
                        print("    stays:", d.case["id"], s[:60])
        print(f"{title} sources, {mode}:", dict(reasons))
        for name, (right, leaked, missed, mine) in sorted(counts.items()):
            f, p, r = 2 * right / max(1, 2 * right + leaked + missed), right / max(1, right + leaked), right / max(1, right + missed)
            print(f"  {name:16} F1 {f:.4f} precision {p:.4f} recall {r:.4f}; snippets to keep that the model takes: {mine} of {right + missed}")
        for lost in lost[:12]:
            print("    takes:", lost[0], lost[1][:60])
    sys.stdout.flush()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sets", type=pathlib.Path)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments = arguments.parse_args()
    build = ["--profile", "quick"] if arguments.quick else ["--release"]
    names, documents = read(arguments.sets, build)
    fold_of = lambda d: int(hashlib.md5(d.source.encode()).hexdigest(), 16) % FOLDS
    posts = [d for d in documents if d.is_post and d.keep + d.drop]
    with multiprocessing.Pool() as pool:
        fitted = pool.map(train, [[d for d in documents if fold_of(d) != fold] for fold in range(FOLDS)] + [documents], 1)
    by_path = {}
    for fold in range(FOLDS):
        unseen = [d for d in posts if fold_of(d) == fold]
        by_path |= {d.path: gone for d, gone in zip(unseen, keep_by(build, names, fitted[fold], unseen))} if unseen else {}
    measure("no model,", posts, [None] * len(posts))
    measure("unseen", posts, [by_path[d.path] for d in posts])
    measure("known", posts, keep_by(build, names, fitted[FOLDS], posts))
    text = text_of(fitted[FOLDS], names)
    print(f"{len(text)} bytes")
    if arguments.check and text != MODEL.read_text():
        sys.exit(f"{MODEL} is not what these sets give")
    MODEL.write_text(text)


main()
