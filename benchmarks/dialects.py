"""Order of methods by metrics of other papers, beside the order by ours: the tables of docs/dialects.md.

    python benchmarks/dialects.py

Methods without a network on the stored task of chignolin in 12 beads, fold 0, with the samples per frame of
the default configuration; one core, a few minutes. Heavy atoms, as in these papers.
"""

import argparse
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from support.stored_tasks import bundled_frames, stored_folds, stored_mapping

from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.methods.base import draw
from cgbench.metrics.base import Evaluation

DATASET, N_BEADS = "chignolin", 12
N_FRAMES, N_SAMPLES = 200, 8
METHODS = {
    "true_frames": ("true_frames", {}),
    "conditional_gaussian_refined": ("refined", {"of": "conditional_gaussian"}),
    "linear_refined": ("refined", {"of": "linear"}),
    "conditional_gaussian": ("conditional_gaussian", {}),
    "nearest_frame": ("nearest_frame", {}),
    "rigid_template": ("rigid_template", {}),
    "linear": ("linear", {}),
    "on_beads": ("on_beads", {}),
}
# Metrics of other papers, each with the metric of this project that answers the same question.
BESIDE = {
    "genzprot_clash_score": "clashes",
    "flowback_clash_score": "clashes",
    "codlad_clash": "clashes",
    "bonds_within_10pct": "bond_length_w1",
    "codlad_ged": "bond_length_w1",
    "graph_legacy": "graph_xor",
    "diamondback_ged": "graph_xor",
    "diamondback_ged_corrected": "graph_xor",
    "diamondback_div": "diversity",
    "flowback_div": "diversity",
    "codlad_div": "diversity",
    "rmsd_sample_legacy": "energy_score",
}


def scores(n_frames: int) -> pd.DataFrame:
    """Score of each method (columns) by each metric (rows)."""
    frames = bundled_frames(DATASET)
    fold = stored_folds(DATASET).folds[0]
    train, test = (frames.positions[fold.frames(part)] for part in ("train", "test"))
    test = test[np.linspace(0, len(test) - 1, n_frames).astype(int)]
    mapping = stored_mapping(DATASET, N_BEADS, frames.molecule)
    together = np.zeros(n_frames, dtype=np.int64)
    table = {}
    for name, (use, settings) in METHODS.items():
        method = registry.load("methods", use)
        model = method(method.Settings(**settings), mapping, frames.molecule)
        model.fit(train, train, TrainingContext(seed=0))
        samples = draw(model, test, N_SAMPLES, seed=0)
        evaluation = Evaluation(test, samples[:, 0], samples, frames.molecule, mapping).restrict_to("heavy")
        metrics = {key: registry.load("metrics", key)() for key in dict.fromkeys([*BESIDE, *BESIDE.values()])}
        table[name] = {
            key: float(metric.value(metric.block_sums(evaluation, together).sum(axis=0)))
            for key, metric in metrics.items()
        }
    return pd.DataFrame(table)


def losses(table: pd.DataFrame, key: str) -> "pd.Series[float]":
    """Score of each method but the upper control, oriented so that lower is better."""
    row = pd.Series(table.loc[key], dtype=float).drop("true_frames")
    return {"lower": row, "higher": -row, "zero": row.abs()}[registry.load("metrics", key).better]


def swaps(table: pd.DataFrame) -> pd.DataFrame:
    """Pairs of methods that a metric of another paper orders otherwise than ours does."""
    rows = []
    for key, ours in BESIDE.items():
        first, second = losses(table, key), losses(table, ours)
        for a, b in combinations(first.index, 2):
            difference = first[a] - first[b]
            if difference * (second[a] - second[b]) < 0:
                better, worse = (a, b) if difference < 0 else (b, a)
                values = [
                    f"{table.loc[name, method]:.3g}" for name in (key, ours) for method in (better, worse)
                ]
                rows.append((key, ours, better, worse, " / ".join(values[:2]), " / ".join(values[2:])))
    return pd.DataFrame(rows, columns=["metric", "ours", "better by it", "better by ours", "it", "ours "])


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=N_FRAMES, help="test frames (default: %(default)s)")
    torch.set_num_threads(1)
    table = scores(parser.parse_args().frames)
    print(table.to_markdown(floatfmt=".3f"), swaps(table).to_markdown(index=False), sep="\n\n")


if __name__ == "__main__":
    main()
