"""Linear reconstruction error of mappings on test walkers: the tables of docs/mappings.md.

    python benchmarks/mappings.py                 # every bundled dataset
    python benchmarks/mappings.py chignolin       # those named

Runs on one core: a minute for alanine dipeptide, a quarter of an hour for chignolin.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import torch

from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.core.settings import Settings
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import make_split
from cgbench.mapping import cgae
from cgbench.mapping.base import Mapping, MappingGenerator
from cgbench.mapping.random import Generator as Random
from cgbench.mapping.stored import Generator as Stored
from cgbench.mapping.stored import StoredSettings
from cgbench.methods._baselines import least_squares_matrix

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
RESOLUTIONS = {"alanine_dipeptide": (3, 4, 5, 6, 8, 10, 12), "chignolin": (6, 8, 10, 12)}
FOLDS = range(Protocol().folds)
RANDOM_SEEDS = range(10)
FORMATS = {"RMSD (Å)": ".3f", "connected beads": ".1f", "loss (Å²)": ".4f", "seconds": ".2f"}
SEED = 2022


class SearchAlone(cgae.Generator):
    """A control: the search of CGAE, begun at random partitions instead of trained ones."""

    def _train(self, gram: torch.Tensor, n_beads: int, seed: int) -> torch.Tensor:
        rng = np.random.default_rng(seed)
        shape = (self.settings.restarts, len(gram))
        return torch.as_tensor(rng.integers(n_beads, size=shape))


GENERATORS = {
    "cgae": cgae.Generator(cgae.CGAESettings()),
    "cgae, connection_weight 0": cgae.Generator(cgae.CGAESettings(connection_weight=0)),
    "cgae, both weights 0": cgae.Generator(cgae.CGAESettings(connection_weight=0, search_lift_weight=0)),
    "search only": SearchAlone(cgae.CGAESettings(connection_weight=0)),
    "random": Random(Settings()),
    **{
        name: registry.load("mapping", name)(Settings()) for name in ("backbone", "girvan_newman", "sequence")
    },
}


def error(mapping: Mapping, train: np.ndarray, test: np.ndarray) -> float:
    """RMSD (Å), mean over test frames, of the best linear decoder of the training frames."""
    decoder = least_squares_matrix(mapping.beads(train), train)
    beads = mapping.beads(test)
    centre = beads.mean(1, keepdims=True)
    squared = ((decoder @ (beads - centre) + centre - test) ** 2).sum(-1)
    return float(np.sqrt(squared.mean(1)).mean())


def connected(mapping: Mapping, graph: "nx.Graph[int]") -> int:
    """Count the beads whose atoms hang together through bonds."""
    beads = (np.flatnonzero(mapping.bead_index == bead).tolist() for bead in range(mapping.n_beads))
    return sum(nx.is_connected(graph.subgraph(bead)) for bead in beads)


def stored(dataset: str, n_beads: int) -> MappingGenerator:
    """Return the mapping of the default run."""
    return Stored(StoredSettings(path=str(RESOURCES / f"tasks/{dataset}/cgae-{n_beads}.json")))


def loss(mapping: Mapping, train: np.ndarray) -> float:
    """Compute the validation loss (Å²) of CGAE, without the factor for groups that are not connected."""
    learner = cgae.Generator(cgae.CGAESettings())
    grams = learner._gram_matrices(train)
    labels = torch.as_tensor(mapping.bead_index)
    return float(cgae.partition_loss(labels, *grams, learner.settings.search_lift_weight))


def measure(
    dataset: str, frames: Frames, resolutions: tuple[int, ...], names: Iterable[str] = ("stored", *GENERATORS)
) -> pd.DataFrame:
    """One row per generator, resolution, fold and, for random mappings, seed."""
    rows = []
    for fold in FOLDS:
        split = make_split(frames, Protocol(), fold, SEED)
        train, test = (frames.positions[part].astype(np.float64) for part in (split.train, split.test))
        for name in names:
            for n_beads in resolutions:
                generator = stored(dataset, n_beads) if name == "stored" else GENERATORS[name]
                for seed in RANDOM_SEEDS if name == "random" else (SEED,):
                    # Of the processor, so that what else runs on the machine does not count.
                    start = time.process_time()
                    mapping = generator.generate(frames.molecule, n_beads, seed, train)
                    seconds = time.process_time() - start
                    found = error(mapping, train, test), connected(mapping, frames.molecule.graph)
                    rows.append((name, n_beads, fold, *found, loss(mapping, train), seconds))
    columns = ["mapping", "N", "fold", "RMSD (Å)", "connected beads", "loss (Å²)", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def least_lead(table: pd.DataFrame) -> pd.DataFrame:
    """By how much CGAE is below another mapping where that comes closest, over folds and seeds, Å."""
    learned = table[table["mapping"] == "cgae"].set_index(["N", "fold"])["RMSD (Å)"]
    others = table[table["mapping"].isin(["random", "backbone", "girvan_newman", "sequence"])]
    lead = others["RMSD (Å)"] - learned.loc[list(zip(others["N"], others["fold"], strict=True))].to_numpy()
    return others.assign(lead=lead).pivot_table("lead", "mapping", "N", aggfunc="min", sort=False)


def main() -> None:
    """Print the tables in Markdown, a section for each dataset."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", nargs="*", metavar="dataset", help=f"default: {' '.join(RESOLUTIONS)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for dataset in arguments.datasets or RESOLUTIONS:
        frames, _ = Source(BundledSettings(directory=str(RESOURCES / dataset))).read()
        table = measure(dataset, frames, RESOLUTIONS[dataset])
        print(f"\n## {dataset}")
        for column, form in FORMATS.items():
            means = table.pivot_table(index="mapping", columns="N", values=column, sort=False)
            print(f"\n{column}\n\n{means.to_markdown(floatfmt=form)}")
        print(f"\nleast lead of cgae (Å)\n\n{least_lead(table).to_markdown(floatfmt='.3f')}", flush=True)


if __name__ == "__main__":
    main()
