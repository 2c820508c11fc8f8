"""How fast CGVAE trains and samples, in how much memory, and how both grow.

    python benchmarks/throughput.py [--quick] [--published PATH]

Every row is a process of its own, or two side by side. It trains on bundled frames with the loop of
`cgbench train` and all that belongs to it, and the fastest of two epochs counts; then it samples, from the
beads of frames to arrays of geometries. Peak memory is that of one process, interpreter and libraries
included. Seconds are those of the processor where there is one thread, so that other work on the machine
matters less, and those on the wall where there are two. The tables: one thread, two threads, and two
processes of one thread each, which is how the workflow runs jobs; what two cores do in the default run; how
cost grows with beads, atoms, features and batch; and the published widths, depths, cutoffs and batches, with
`cgvae` as the default run has it beside them.

`--published PATH` adds the authors' code to those, from a clone of
https://github.com/wwang2/CoarseGrainingVAE: their model, collated batches and neighbour lists, training
loop and sampling, on the same frames and beads. Nothing of it comes with this project. Modules that it
imports and that are not called here may be missing; so may `torch_scatter`, whose two functions are then
made of the one that it calls itself, torch's `scatter_add_`.

`--quick` leaves out the growth and everything on two cores.
"""

import argparse
import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from support import own_code, published_code
from support.timing import SEED, Case, Cost, configured, share_gate

from cgbench.runtime import device as runtime

BASE = Case("alanine dipeptide (22 atoms), 6 beads, F 64, batch 64")
# Widths, depths, cutoffs (Å) and batches of the paper.
PUBLISHED: dict[str, dict[str, Any]] = {
    "alanine_dipeptide": {
        "features": 600,
        "basis": 8,
        "encoder_layers": 4,
        "decoder_layers": 5,
        "atom_cutoff": 8.5,
        "bead_cutoff": 9.5,
        "batch_size": 32,
        "gamma": 25.0,
        "learning_rate": 8e-5,
    },
    "chignolin": {
        "features": 600,
        "basis": 10,
        "encoder_layers": 2,
        "decoder_layers": 9,
        "atom_cutoff": 12.0,
        "bead_cutoff": 25.0,
        "batch_size": 2,
        "gamma": 50.0,
        "learning_rate": 1e-4,
    },
}


def run(case: Case) -> Cost:
    """Measure a case in this process, which must be a fresh one."""
    warnings.simplefilter("ignore")
    if case.authors:
        torch.set_num_threads(case.threads)
        return published_code.measure(case)
    runtime.set_up(SEED, case.threads)
    return own_code.measure(case)


def measure(case: Case) -> Cost:
    """Rates of all processes of a case together, and the memory of the largest."""
    fresh = multiprocessing.get_context("spawn")
    gate = fresh.Barrier(case.processes)
    with ProcessPoolExecutor(case.processes, fresh, share_gate, (gate,)) as pool:
        costs = list(pool.map(run, [case] * case.processes))
    return Cost(
        sum(cost.training for cost in costs),
        sum(cost.sampling for cost in costs),
        max(cost.memory for cost in costs),
    )


def table(cases: list[Case]) -> str:
    """Markdown with a row for each case; where the authors' code is among them, rates relative to it too."""
    rows: list[dict[str, Any]] = []
    theirs: dict[str, Cost] = {}
    for case in cases:
        print(f"{case.label}, {case.processes} × {case.threads} ...", file=sys.stderr)
        cost, cores = measure(case), f"{case.processes} × {case.threads}"
        row = {
            "": case.label,
            "processes × threads": cores,
            "trained (frames/s)": cost.training,
            "sampled (geometries/s)": cost.sampling,
            "peak memory (MiB)": cost.memory,
        }
        if case.authors:
            theirs[cores] = cost
        if cores in theirs:
            row["times theirs, training"] = cost.training / theirs[cores].training
            row["sampling"] = cost.sampling / theirs[cores].sampling
        rows.append(row)
    return pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3g")


def on_two_cores(case: Case) -> list[Case]:
    """Run a case on one core and, in two ways, on two."""
    return [case, replace(case, threads=2), replace(case, processes=2)]


def default_run() -> list[Case]:
    """List what two cores do in the default run: alanine dipeptide, one process on each."""
    settings = configured("cgvae", BASE.molecule)
    return [
        replace(BASE, label=f"{n_beads} beads", n_beads=n_beads, settings=settings, processes=2)
        for n_beads in (3, 6, 12)
    ]


def growth() -> list[Case]:
    """List cases that differ from the first in one thing each, or two."""
    # Channels and batch are those of alanine dipeptide.
    settings = {"bead_cutoff": 20.0, "vectors": 16, "batch_size": 64}
    chignolin = replace(BASE, molecule="chignolin", settings=settings)
    return [
        BASE,
        replace(BASE, label="3 beads", n_beads=3),
        replace(BASE, label="12 beads", n_beads=12),
        replace(BASE, label="F 32", settings={"features": 32}),
        replace(BASE, label="F 128", settings={"features": 128}),
        replace(BASE, label="batch 16", settings={"batch_size": 16}),
        replace(BASE, label="batch 256", settings={"batch_size": 256}),
        replace(BASE, label="`encoder: atoms`", settings={"encoder": "atoms"}),
        replace(chignolin, label="chignolin (175 atoms)"),
        replace(chignolin, label="chignolin, 12 beads", n_beads=12),
        replace(chignolin, label="chignolin, `encoder: atoms`", settings=settings | {"encoder": "atoms"}),
    ]


def published_sizes(molecule: str, authors: str) -> list[Case]:
    """List both variants of this package, and the authors' code first if there is a clone of it."""
    settings = PUBLISHED[molecule]
    case = Case("authors' code", molecule, settings=settings, authors=authors)
    wide = {"vectors": 600, "latent": 600, "prior_layers": settings["encoder_layers"]}
    chosen = configured("cgvae", molecule)
    published = replace(case, label="`cgvae_published`", method="cgvae_published", authors="")
    halved = {"precision": "bfloat16"}
    cases = [
        published,
        replace(published, label="`cgvae_published`, products in bfloat16", settings=settings | halved),
        replace(case, label="`cgvae`, as wide and deep", settings=settings | wide, authors=""),
        replace(case, label="`cgvae`, as config.yaml has it", settings=chosen, authors=""),
    ]
    return [case, *cases] if authors else cases


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one thread, and no growth")
    parser.add_argument("--published", default="", metavar="PATH", help="clone of the authors' repository")
    options = parser.parse_args()
    cores = (lambda case: [case]) if options.quick else on_two_cores
    print(f"{BASE.label}\n\n{table(cores(BASE))}")
    if not options.quick:
        print(f"\n`cgvae` on alanine dipeptide, as config.yaml has it\n\n{table(default_run())}")
        print(f"\nGrowth, on one thread; rows differ from the first in what they name\n\n{table(growth())}")
    authors = options.published and str(Path(options.published).resolve())
    for molecule in PUBLISHED:
        cases = [each for case in published_sizes(molecule, authors) for each in cores(case)]
        print(f"\n{molecule}, 6 beads, at the published sizes\n\n{table(cases)}")


if __name__ == "__main__":
    main()
