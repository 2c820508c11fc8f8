"""What refinement makes of samples, beside a minimisation in the force field with the beads held.

    python benchmarks/refinement.py [--frames N] [task ...]

Samples of `conditional_gaussian` (fold 0 of the stored tasks, test frames) as they are, refined, and
minimised, by bond lengths, angles, excess energy and clashes. MD frames of other walkers show how far two
sets of so few frames are apart. Most of the time is that of the minimisation: about 6 ms for a geometry of
alanine dipeptide, and 0.3 s for one of chignolin. Seconds are those of the processor.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from support.stored_tasks import RESOURCES, bundled_frames, stored_folds, stored_mapping

from cgbench.chem.force_field import energies_per_atom, force_field_of
from cgbench.core import registry
from cgbench.core.registry import PlugIn
from cgbench.core.training_context import TrainingContext
from cgbench.data.sources.bundled import CARD
from cgbench.metrics.base import Evaluation

TASKS = ["alanine_dipeptide-3", "alanine_dipeptide-6", "chignolin-6", "chignolin-12"]
METRICS = {
    "bond_length_w1": "bond W1 (Å)",
    "angle_w1": "angle W1 (°)",
    "clashes": "clashes (1/1000 atoms)",
    "graph_xor": "λ",
}
SEED = 2022


def rows(task: str, n_frames: int) -> Iterator[dict[str, object]]:
    """Scores of the same samples, finished in different ways, on so many test frames."""
    dataset, n_beads = task.rsplit("-", 1)
    frames = bundled_frames(dataset)
    molecule, force_field = frames.molecule, force_field_of(RESOURCES / dataset / CARD)
    fold = stored_folds(dataset).folds[0]
    train, valid, test = (frames.positions[fold.frames(part)] for part in ("train", "valid", "test"))
    valid, test = (each[np.linspace(0, len(each) - 1, n_frames).astype(int)] for each in (valid, test))
    mapping = stored_mapping(dataset, int(n_beads), molecule)

    energy = np.median(energies_per_atom(test, molecule, force_field))

    def scores(label: str, samples: np.ndarray, seconds: float = np.nan) -> dict[str, object]:
        evaluation = Evaluation(test, samples[:, 0], samples, molecule, mapping, force_field)
        row: dict[str, object] = {"task": task, "frames": n_frames, "samples": label}
        for name, title in METRICS.items():
            metric = registry.load("metrics", name)()
            sums = metric.block_sums(evaluation, np.zeros(n_frames, dtype=np.int64))
            row[title] = float(metric.value(sums.sum(axis=0)))
        excess = np.median(energies_per_atom(samples[:, 0], molecule, force_field)) - energy
        row["excess energy, median (kJ/mol per atom)"] = float(excess)
        return row | {"ms per geometry": 1000 * seconds / n_frames}

    yield scores("MD frames", test[:, None])
    yield scores("other MD frames", valid[:, None])
    for use in ("conditional_gaussian", "refined", "minimised"):
        method = PlugIn.parse("methods", use, use, {}, use).create(mapping, molecule)
        method.fit(train, valid, TrainingContext(seed=SEED))
        start = time.process_time()
        samples = method.sample(mapping.beads(test), 1, SEED)
        yield scores(use, samples, time.process_time() - start)


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200, help="test frames, one sample of each")
    parser.add_argument("tasks", nargs="*", default=TASKS, help="dataset-beads")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.DataFrame([row for task in options.tasks for row in rows(task, options.frames)])
    print(table.to_markdown(index=False, floatfmt=".3g"))


if __name__ == "__main__":
    main()
