"""Boosted oblivious trees: fitted, asked, and written as src/engine/extract/score/model.rs reads them."""
import json, tempfile

import catboost
import numpy

# One thread, for the same bytes each time.
COMMON = dict(
    loss_function="Logloss", boosting_type="Plain", bootstrap_type="Bernoulli", leaf_estimation_iterations=1, border_count=127,
    random_seed=1, thread_count=1, allow_writing_files=False, verbose=False,
)


def train(features, labels, weights, **parameters):
    """The trees that tell which rows are so labelled: their sum's bias, and for each its levels and leaves."""
    model = catboost.CatBoostClassifier(**COMMON, **parameters)
    model.fit(features, labels.astype(int), sample_weight=weights)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        model.save_model(file.name, format="json")
        model = json.load(open(file.name))
    assert all(f["feature_index"] == f["flat_feature_index"] for f in model["features_info"]["float_features"])
    trees = [([(level["float_feature_index"], level["border"]) for level in tree["splits"]], tree["leaf_values"]) for tree in model["oblivious_trees"]]
    return model["scale_and_bias"][1][0], trees


def odds(model, features):
    """What the trees add up to for each row."""
    bias, trees = model
    sums = numpy.full(len(features), float(bias))
    for levels, leaves in trees:
        leaf = sum((features[:, feature] > numpy.float32(border)).astype(int) << bit for bit, (feature, border) in enumerate(levels))
        sums += numpy.array(leaves)[leaf]
    return sums


def write(by, names, models):
    """Models as text, an output for each: see src/engine/extract/score/model.rs."""
    lines = [f"# Written by training/{by}."] + [f"feature {name}" for name in names]
    for output, (bias, trees) in models.items():
        lines.append(f"output {output} {bias:.4g}")
        for levels, leaves in trees:
            lines.append(" ".join(["tree", *(f"{feature} {numpy.float32(border)}" for feature, border in levels)]))
            lines.append(" ".join(f"{leaf:.3g}" for leaf in leaves))
    return "\n".join(lines) + "\n"
