"""Scores of methods without randomness on the stored tasks; they are the same on any machine.

    python benchmarks/deterministic_scores.py > tests/unit/deterministic_scores.csv

Every ``STRIDE``-th training and test frame of fold 0 is used, so that a test computes them again in seconds.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping.stored import Generator, StoredMapping, StoredSettings
from cgbench.methods.base import draw
from cgbench.metrics.base import Evaluation

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
METHODS = ("on_beads", "rigid_template", "linear", "equivariant_linear")
METRIC = "rmsd_backmap_mean"
STRIDE = 20


def table() -> pd.DataFrame:
    """One row for each task, method and set of atoms, with the score in Å."""
    metric = registry.load("metrics", METRIC)()
    rows = []
    for folds_path in sorted((RESOURCES / "tasks").glob("*/folds.json")):
        dataset = folds_path.parent.name
        frames, _ = Source(BundledSettings(directory=str(RESOURCES / dataset))).read()
        fold = StoredFolds.load(folds_path).folds[0]
        train, test = (frames.positions[fold.frames(part)[::STRIDE]] for part in ("train", "test"))
        for path in sorted(
            folds_path.parent.glob("cgae-*.json"), key=lambda path: (len(path.name), path.name)
        ):
            n_beads = max(StoredMapping.load(path).bead_index) + 1
            mapping = Generator(StoredSettings(path=str(path))).generate(frames.molecule, n_beads, 0)
            for name in METHODS:
                method = registry.load("methods", name)
                model = method(method.Settings(), mapping, frames.molecule)
                model.fit(train, train, TrainingContext(seed=0))
                # In double precision, so that rounding is far below the tolerance of the comparison.
                samples = draw(model, test.astype(np.float64), 1, seed=0)
                evaluation = Evaluation(test, samples[:, 0], samples, frames.molecule, mapping)
                for atoms in ("all", "heavy"):
                    score = metric.per_frame(evaluation.restrict_to(atoms)).mean()
                    rows.append((dataset, path.stem, name, atoms, round(float(score), 8)))
    return pd.DataFrame(rows, columns=["dataset", "mapping", "method", "atoms", METRIC])


if __name__ == "__main__":
    table().to_csv(sys.stdout, index=False)
