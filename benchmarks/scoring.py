"""What scoring costs, and what counting bonds frame by frame would cost instead.

    python benchmarks/scoring.py [folder of a bundled trajectory]

Scores 1,000 MD frames with 8 samples each, which are the frame with noise on every atom, by every
metric, energies of samples and of MD frames included. Then the graph error λ of the same samples is
counted once more in the way of the published code: one geometry at a time, a dense adjacency matrix for
each, the matrices of the frame and of the sample once for the validity and again for λ, all of it for all
and for heavy atoms. Both must agree.

Takes the largest molecule that is bundled, runs on one core, in one to three minutes, and fails where
a limit is not kept. Seconds are those of the processor, so that other work on the machine hardly matters.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import torch

from cgbench.chem.bond_rule import COVALENT_RADII
from cgbench.chem.force_field import force_field_of
from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.data.sources.bundled import CARD, BundledSettings, Source
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.pipeline.score import score_blocks

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
N_FRAMES, N_SAMPLES = 1000, 8
NOISE = 0.05  # Å on every coordinate: some bonds break
MOST_SECONDS, MOST_MIB, LEAST_SPEED_UP = 60, 2048, 50
SEED = 2022

T = TypeVar("T")


def evaluation(molecule: Molecule, frames: np.ndarray, force_field: tuple[str, ...]) -> Evaluation:
    """Frames with samples that are off a little everywhere."""
    rng = np.random.default_rng(SEED)
    chosen = frames[np.linspace(0, len(frames) - 1, N_FRAMES).astype(int)]
    noise = rng.normal(scale=NOISE, size=(N_FRAMES, N_SAMPLES, molecule.n_atoms, 3))
    samples = (chosen[:, None] + noise).astype(np.float32)
    per_residue = Mapping.centres(molecule.residue_index)
    return Evaluation(chosen, samples[:, 0], samples, molecule, per_residue, force_field)


def adjacency(positions: np.ndarray, elements: tuple[str, ...]) -> torch.Tensor:
    """Bonds of one geometry as a dense matrix of 0 and 1."""
    places = torch.tensor(positions)
    radii = torch.tensor([COVALENT_RADII[element] for element in elements])
    distances = (places[:, None] - places[None]).pow(2).sum(-1).sqrt()
    bonded = (distances < 1.3 * (radii[:, None] + radii[None])).long()
    return bonded.fill_diagonal_(0)


def frame_by_frame(evaluated: Evaluation) -> np.ndarray:
    """λ as published [n_frames], one sample after the other."""
    elements = evaluated.molecule.elements
    errors = np.zeros(evaluated.samples.shape[:2])
    for (frame, number), _ in np.ndenumerate(errors):
        reference, sample = evaluated.reference[frame], evaluated.samples[frame, number]
        # Whether the sample is valid, which decides elsewhere which samples have an RMSD.
        torch.equal(adjacency(reference, elements), adjacency(sample, elements))
        right, found = adjacency(reference, elements), adjacency(sample, elements)
        errors[frame, number] = (right - found).sum().abs() / right.sum()
    return errors.mean(axis=1)


def in_one_pass(evaluated: Evaluation) -> np.ndarray:
    """Give the same by the metric of this package."""
    return registry.load("metrics", "graph_legacy")().per_frame(evaluated)


def seconds(work: Callable[[], list[T]]) -> tuple[float, list[T]]:
    """Processor time of a function, and what it gave."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def measure(
    molecule: Molecule, frames: np.ndarray, force_field: tuple[str, ...]
) -> tuple[pd.DataFrame, bool]:
    """Table of costs, and whether all limits are kept."""
    whole = evaluation(molecule, frames, force_field)
    blocks = np.arange(N_FRAMES) * 2 // N_FRAMES
    everything, scores = seconds(lambda: list(score_blocks(whole, registry.names("metrics"), blocks)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Anew, so that nothing is measured already.
    fresh = evaluation(molecule, frames, force_field)
    ours, found = seconds(lambda: [in_one_pass(part) for part in (fresh, fresh.restrict_to("heavy"))])
    theirs, expected = seconds(lambda: [frame_by_frame(part) for part in (whole, whole.restrict_to("heavy"))])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    rows = [
        (f"all {len({score.metric for score in scores})} metrics (s)", everything, f"< {MOST_SECONDS}"),
        ("peak memory (MiB)", peak, f"< {MOST_MIB}"),
        ("λ as published, in one pass (s)", ours, ""),
        ("λ as published, frame by frame (s)", theirs, ""),
        ("times slower", theirs / ours, f"> {LEAST_SPEED_UP}"),
        ("λ of all atoms, either way", float(np.mean(found[0])), ""),
    ]
    kept = everything < MOST_SECONDS and peak < MOST_MIB and theirs / ours > LEAST_SPEED_UP
    return pd.DataFrame(rows, columns=["", "measured", "limit"]), kept


def main() -> None:
    """Print the table in Markdown."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_num_threads(1)
    bundled = [Path(folder) for folder in sys.argv[1:]] or [
        card.parent for card in RESOURCES.glob("*/card.json")
    ]
    read = [(Source(BundledSettings(directory=str(folder))).read()[0], folder) for folder in bundled]
    frames, folder = max(read, key=lambda each: each[0].molecule.n_atoms)
    table, kept = measure(frames.molecule, frames.positions, force_field_of(folder / CARD))
    print(f"{N_FRAMES} frames, {N_SAMPLES} samples of {frames.molecule.n_atoms} atoms\n")
    print(table.to_markdown(index=False, floatfmt=".3g"))
    if not kept:
        sys.exit("a limit is not kept")


if __name__ == "__main__":
    main()
