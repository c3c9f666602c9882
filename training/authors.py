#!/usr/bin/env python3
"""Fits the model that tells an article's authors from others who are named, and measures it on sites it was not fitted on.

    training/authors.py COPYDESK PAGES            cross-validates by site, then writes src/metadata/people/authors.txt
    training/authors.py COPYDESK PAGES --dry      only measures

COPYDESK is a binary of this project, PAGES a folder as training/fit.py takes it; pages whose `expect.meta` has an `author` count
(null: there is none). Each candidate that `explain=true` lists is right when its names are those of the label. Every page weighs
the square root of its candidates. Needs training/requirements.txt.
"""
import argparse, base64, hashlib, json, pathlib, re, subprocess, urllib.parse

import numpy

from trees import odds, train, write

MODEL = pathlib.Path(__file__).resolve().parent.parent / "src/metadata/people/authors.txt"
FOLDS = 5
# So few that the batch of src/engine/extract/score/model.rs adds all of them before it looks at a sum.
TREES = dict(iterations=50, depth=4, learning_rate=0.12, l2_leaf_reg=5, rsm=0.5, subsample=0.8)
# As in src/metadata/people/authors.rs: taken, likely, certain.
LEVELS = (0.2, 0.7, 0.9)
WORD = re.compile(r"\w+")
JOINTS = {"and", "und", "et", "by", "von", "y", "&", "the"}


def people(text):
    return {word for word in WORD.findall(text.lower()) if word not in JOINTS}


class Page:
    def __init__(self, name, case, candidates):
        self.set = name
        wanted = case["expect"]["meta"]["author"]
        wanted = " ".join(wanted) if isinstance(wanted, list) else wanted or ""
        self.is_nobody = not wanted
        self.features = numpy.array([one["features"] for one in candidates], numpy.float32)
        self.right = numpy.array([bool(wanted) and people(wanted) == people(one["names"]) for one in candidates], bool)
        host = (urllib.parse.urlparse(case.get("url") or "").hostname or "").removeprefix("www.")
        site = ".".join(host.split(".")[-2:]) if "." in host else case["id"]
        self.fold = int(hashlib.md5(site.encode()).hexdigest(), 16) % FOLDS


def read(binary, folder):
    pages = []
    for cases in sorted(folder.glob("*/cases.jsonl")):
        known = [case for case in map(json.loads, filter(None, cases.read_text().split("\n"))) if "author" in ((case.get("expect") or {}).get("meta") or {})]
        if not known:
            continue
        lines = []
        for case in known:
            document = base64.b64encode((cases.parent / case["page"]).read_bytes()).decode()
            lines.append(json.dumps({"url": case.get("url"), "content_type": case.get("content_type"), "document_base64": document}))
        told = subprocess.run([binary, "batch", "--explain", "--fields", "authors"], input="\n".join(lines), capture_output=True, text=True).stdout
        answers = [json.loads(line) for line in told.strip().split("\n")]
        by_index = {answer["index"]: answer.get("article") or {} for answer in answers if "index" in answer}
        for index, case in enumerate(known):
            candidates = (by_index.get(index, {}).get("explain") or {}).get("authors") or []
            pages.append(Page(cases.parent.name, case, candidates))
    return pages


def fit(pages):
    pages = [page for page in pages if len(page.right)]
    features = numpy.concatenate([page.features for page in pages])
    right = numpy.concatenate([page.right for page in pages])
    weights = numpy.concatenate([numpy.full(len(page.right), len(page.right) ** -0.5) for page in pages])
    return train(features, right, weights, **TREES)


def measure(title, pages, likely):
    for name in sorted({page.set for page in pages}):
        line = f"{title} {name}:"
        for least in LEVELS:
            given = right = rightly = 0
            for page, own in zip(pages, likely):
                if page.set != name:
                    continue
                taken = len(own) and own.max() >= least
                given += bool(taken)
                right += bool(taken) and bool(page.right[own.argmax()])
                rightly += not taken and page.is_nobody
            count = sum(page.set == name for page in pages)
            line += f"  from {least}: {right + rightly}/{count} right, precision {right}/{given}"
        print(line, flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("pages", type=pathlib.Path)
    arguments.add_argument("--dry", action="store_true")
    arguments = arguments.parse_args()
    names = [line.removeprefix("feature ") for line in MODEL.read_text().split("\n") if line.startswith("feature ")]
    pages = read(arguments.binary, arguments.pages)

    def unseen(out):
        likely = [numpy.zeros(0)] * len(pages)
        for part in {out(page) for page in pages}:
            model = fit([page for page in pages if out(page) != part])
            for i, page in enumerate(pages):
                if out(page) == part and len(page.right):
                    likely[i] = 1 / (1 + numpy.exp(-odds(model, page.features)))
        return likely

    measure("unseen sites,", pages, unseen(lambda page: page.fold))
    measure("left out,", pages, unseen(lambda page: page.set))
    if not arguments.dry:
        MODEL.write_text(write("authors.py", names, {"author": fit(pages)}))


main()
