"""Metrics of the bundled MD frames themselves, and of MD frames against other MD frames.

    python benchmarks/md_frames.py

The first table has metrics of single geometries, over all frames. The second compares 1,000 test frames of
each fold with 1,000 training frames, by metrics of torsions; "without blocks" takes every frame as
independent of all others. Both tables are in docs/metrics.md.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.chem.frames import Frames
from cgbench.chem.observables import Observables
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import make_split
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation
from cgbench.statistics.blocks import independent_blocks
from cgbench.statistics.noise_floor import independent_parts

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
DATASETS = ("alanine_dipeptide", "chignolin")
OF_GEOMETRIES = ("omega_cis", "omega_deviation", "peptide_planarity", "ring_planarity", "ring_piercing")
PROTOCOL = Protocol(test_frames=1000)
SEED = 2022


def geometries(frames: Frames) -> Iterator[tuple[str, str]]:
    """Metrics of all frames."""
    molecule, positions = frames.molecule, frames.positions
    mapping = Mapping.centres(molecule.residue_index)
    evaluation = Evaluation(positions, positions, positions[:, None], molecule, mapping)
    for name in OF_GEOMETRIES:
        metric = registry.load("metrics", name)()
        applies = metric.applies(molecule, ())
        yield name, f"{np.nanmean(metric.per_frame(evaluation)):.3g} {metric.unit}" if applies else "none"


def from_itself(frames: Frames) -> Iterator[dict[str, object]]:
    """Distances of MD from MD in each fold."""
    jsd, distance = (registry.load("metrics", f"phi_psi_{name}")() for name in ("jsd", "energy_distance"))
    mapping = Mapping.centres(frames.molecule.residue_index)
    for fold in range(PROTOCOL.folds):
        split = make_split(frames, PROTOCOL, fold, SEED)
        parts = independent_parts(split)
        test, train = (frames.positions[part][:, None] for part in parts)
        observables = [Observables(positions, frames.molecule) for positions in (test, train)]
        blocks = [independent_blocks(frames, part) for part in parts]
        evaluation = Evaluation(test[:, 0], test[:, 0], train, frames.molecule, mapping)
        yield {
            "fold": str(fold),
            "frames": str(len(test)),
            "phi_psi_jsd": float(jsd.value(jsd.block_sums(evaluation, blocks[0]).sum(axis=0))),
            "phi_psi_energy_distance": distance.compare(*observables, *blocks),
            "without blocks": distance.compare(*observables, *(np.arange(len(part)) for part in parts)),
        }


def main() -> None:
    """Print both tables of each dataset."""
    for name in DATASETS:
        frames, _ = Source(BundledSettings(directory=str(RESOURCES / name))).read()
        print(f"\n{name}: {len(frames)} frames\n")
        print(pd.DataFrame([dict(geometries(frames))]).to_markdown(index=False))
        print(f"\n{pd.DataFrame(from_itself(frames)).to_markdown(index=False, floatfmt='.3f')}")


if __name__ == "__main__":
    main()
