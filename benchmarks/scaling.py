"""Time and memory of every stage against the number of atoms, and of frames.

    python benchmarks/scaling.py [--quick] [--output FOLDER]

Molecules are extended chains of 1 to 320 residues from the project's own structure builder, the largest two
of them, with beads at Cα; frames are the chains with noise on every atom. Their geometry is no ensemble of a
protein, but cost does not depend on that, except that a compact chain has about twice the contacts. Every
number is of a fresh process on one thread: seconds of the processor, and the largest resident size,
interpreter and libraries included.
The exponent of a stage is fitted to the sizes from 1,000 atoms on. The benchmark fails if it is above 1.2, or
if a stage needs more than 8 GiB.

The second table has stages against frames, of alanine dipeptide: its bundled frames, with noise on top.

`--output` writes both tables as CSV and a plot. `--quick` leaves out the largest numbers.
"""

import argparse
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from support.long_inputs import N_FRAMES, chains, trajectory
from support.timing import SEED, peak_memory

from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.core.registry import PlugIn
from cgbench.core.training_context import TrainingContext
from cgbench.data.prepare import prepare
from cgbench.data.splits import Split, make_split
from cgbench.figures.panels import clear
from cgbench.figures.style import DOUBLE_COLUMN, GREY, PALETTE, save, styled
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.nn.task_facts import TaskFacts
from cgbench.pipeline.score import score_blocks
from cgbench.report.export import reduce_picture
from cgbench.runtime import device as runtime

RESIDUES = [1, 10, 38, 76, 160, 320, 640]
N_FRAMES_OF = [10_000, 100_000, 1_000_000]  # alanine dipeptide
STEPS = 4  # of each training, after one that warms up; the fastest counts
SAMPLED, SCORED = 8, 4  # frames
LARGE, MOST_EXPONENT, MOST_MIB = 1000, 1.2, 8192

Stage = Callable[[Path], float]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of a function."""
    start = time.process_time()
    work()
    return time.process_time() - start


def preparing(folder: Path) -> float:
    """Seconds of the stage `prepare`, all frames."""
    files = {"topology": str(folder / "topology.pdb"), "trajectories": [str(folder / "frames.xtc")]}
    return seconds(
        lambda: prepare(PlugIn.parse("sources", "chain", "files", files, "chain"), folder / "data")
    )


def task(folder: Path, mapping: str = "alpha_carbon") -> tuple[Frames, Mapping]:
    """Return the prepared frames and a mapping."""
    frames = Frames.load(folder / "data/frames.npz")
    n_beads = len(np.unique(frames.molecule.residue_index)) if mapping == "alpha_carbon" else 0
    generator = registry.load("mapping", mapping)
    return frames, generator(generator.Settings())._generate(frames.molecule, n_beads, SEED, None)


def mapping(name: str, folder: Path) -> float:
    """Seconds of making a mapping and the beads of all frames, without imports."""
    frames = Frames.load(folder / "data/frames.npz")
    return min(seconds(lambda: task(folder, name)[1].beads(frames.positions[:])) for _ in range(2))


def created(name: str, folder: Path, **settings: Any) -> tuple[Any, Frames]:
    """Return a method with the settings that it has by default for this task, and the frames."""
    frames, beads = task(folder)
    use, values = METHODS[name]
    values = values | ({"settings": settings} if "of" in values else settings)
    plug_in = PlugIn.parse("methods", name, use, values, name)
    decided = plug_in.resolved(TaskFacts.of(beads, frames.positions[:]))
    return decided.create(beads, frames.molecule), frames


METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "conditional_gaussian": ("conditional_gaussian", {}),
    "cgvae": ("cgvae", {}),
    "local_flow_refined": ("refined", {"of": "local_flow"}),
}


def training(name: str, folder: Path) -> float:
    """Seconds of a training step for each frame of its batch."""
    model, frames = created(name, folder, epochs=1 + STEPS)
    settings = model.settings.model_dump()
    size = settings.get("settings", settings)["batch_size"]
    ends: list[float] = []
    context = TrainingContext(seed=SEED, observer=lambda history: ends.append(time.process_time()))
    model.fit(frames.positions[:size], frames.positions[:1], context)
    return float(np.diff(ends).min() / size)


def fitting(name: str, folder: Path) -> float:
    """Seconds of fitting a closed form to all frames, and of one sample for each of some."""
    model, frames = created(name, folder)

    def work() -> None:
        model.fit(frames.positions[:], frames.positions[:1], TrainingContext(seed=SEED))
        model.sample(model.mapping.beads(frames.positions[:SAMPLED]), 1, SEED)

    return min(seconds(work) for _ in range(2))


def sampling(name: str, folder: Path) -> float:
    """Seconds of a sample."""
    model, frames = created(name, folder, epochs=1)
    model.fit(frames.positions[:], frames.positions[:1], TrainingContext(seed=SEED))
    beads = model.mapping.beads(frames.positions[:SAMPLED])
    return min(seconds(lambda: model.sample(beads, 1, SEED)) for _ in range(2)) / SAMPLED


def scoring(folder: Path) -> float:
    """Seconds of all metrics that need no force field, for each sample."""
    frames, beads = task(folder)
    truth = frames.positions[:SCORED]
    samples = frames.positions[SCORED : 3 * SCORED].reshape(SCORED, 2, *truth.shape[1:])
    evaluation = Evaluation(truth, samples[:, 0], samples, frames.molecule, beads, ())
    names, blocks = registry.names("metrics"), np.arange(SCORED) * 2 // SCORED
    return seconds(lambda: list(score_blocks(evaluation, names, blocks, lambda note: None))) / (2 * SCORED)


ATOMS: dict[str, Stage] = {
    f"prepare {N_FRAMES} frames (s)": preparing,
    "map to Cα (s)": partial(mapping, "alpha_carbon"),
    "map to Martini 3 (s)": partial(mapping, "martini3"),
    "conditional Gaussian, fit and sample (s)": partial(fitting, "conditional_gaussian"),
    "CGVAE, train (s per frame)": partial(training, "cgvae"),
    "local flow, train (s per frame)": partial(training, "local_flow_refined"),
    "CGVAE, sample (s per structure)": partial(sampling, "cgvae"),
    "local flow, sample and refine (s per structure)": partial(sampling, "local_flow_refined"),
    "score by all metrics (s per structure)": scoring,
}


def preparing_with(stride: int, folder: Path) -> float:
    """Seconds of the stage `prepare` with a stride."""
    files = {
        "topology": str(folder / "topology.pdb"),
        "trajectories": [str(folder / "frames*.xtc")],
        "stride": stride,
        "frame_interval_ps": 1.0,
    }
    source = PlugIn.parse("sources", "frames", "files", files, "frames")
    return seconds(lambda: prepare(source, folder / ("data" if stride == 1 else f"stride{stride}")))


def splitting(folder: Path) -> float:
    """Seconds of the stage `split`, one fold."""

    def work() -> None:
        make_split(Frames.load(folder / "data/frames.npz"), Protocol(), 0, SEED).save(folder / "fold0.json")

    return seconds(work)


def loading(folder: Path) -> float:
    """Seconds of reading the training frames of a fold, as each training does."""

    def work() -> None:
        path = folder / "data/frames.npz"
        frames = Frames.load(path)
        frames.positions[Split.load_for(folder / "fold0.json", frames, path).train].sum()

    return seconds(work)


FRAMES: dict[str, Stage] = {
    "prepare (s)": partial(preparing_with, 1),
    "prepare with stride 10 (s)": partial(preparing_with, 10),
    "split (s)": splitting,
    "read the 8,000 training frames of a fold (s)": loading,
}


def measured(stage: Stage, folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a stage, in this process, which must be a fresh one."""
    warnings.simplefilter("ignore")
    runtime.set_up(SEED, 1)
    return stage(folder), peak_memory()


def rows(
    make: Callable[[int, Path], int], sizes: list[int], stages: dict[str, Stage]
) -> Iterator[dict[str, Any]]:
    """Measure stages, one after the other, with what each size makes."""
    for size in sizes:
        with TemporaryDirectory() as name:
            n = make(size, Path(name))
            for label, stage in stages.items():
                print(f"{n:,}: {label} ...", file=sys.stderr, flush=True)
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                    taken, memory = pool.submit(measured, stage, Path(name)).result()
                yield {"stage": label, "n": n, "seconds": taken, "MiB": memory}


def table(measurements: pd.DataFrame, large: int) -> pd.DataFrame:
    """Seconds by stage and size, exponents from ``large`` on, and the peak memory at the largest size."""
    wide = measurements.pivot(index="stage", columns="n", values="seconds")
    wide = wide.loc[measurements["stage"].unique()]
    sizes = np.array([n for n in map(int, wide.columns) if n >= large])
    exponents = [np.polyfit(np.log(sizes), np.log(row), 1)[0] for row in wide[sizes].to_numpy()]
    memory = measurements[measurements["n"] == sizes[-1]].set_index("stage")["MiB"] / 1024
    wide.columns = [f"{n:,}" for n in wide.columns]
    return wide.assign(exponent=exponents, **{f"GiB at {sizes[-1]:,}": memory})


def plot(by_atoms: pd.DataFrame, by_frames: pd.DataFrame, path: Path) -> None:
    """Draw seconds against atoms and frames, on logarithmic axes, beside a line of exponent 1."""
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 4.6), layout="constrained")
        for axes, rows_, what in zip(
            figure.subplots(1, 2), (by_atoms, by_frames), ("atoms", "frames of 22 atoms"), strict=True
        ):
            for number, (stage, values) in enumerate(rows_.groupby("stage", sort=False)):
                style = {"color": PALETTE[number], "marker": "osD^v<>Ph"[number], "lw": 1}
                axes.loglog(values["n"], values["seconds"], label=stage, **style)
            n = np.array([rows_["n"].max() / 8, rows_["n"].max()])
            least = rows_["seconds"].min()
            axes.loglog(n, 0.6 * least * n / n[0], color=GREY, ls="--", lw=0.8, label="in proportion")
            axes.set(xlabel=what, ylabel="processor time (s)")
            axes.legend(loc="upper left", bbox_to_anchor=(-0.1, -0.2))
            clear(axes)
        save(figure, path)
        png = path.with_suffix(".png")
        reduce_picture(png, png)


def tables(measurements: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables against atoms and against frames, by their titles, from the rows of scaling.csv."""
    of = dict(iter(measurements.groupby("of")))
    return {
        "Processor time (s) against atoms": table(of["atoms"], LARGE),
        "Processor time (s) against frames": table(of["frames"], 0),
    }


def markdown(numbers: pd.DataFrame) -> str:
    """Write a table with two digits of each number."""
    digits = {name: "{:.2f}" if name == "exponent" else "{:.2g}" for name in numbers}
    words = numbers.apply(lambda column: column.map(digits[column.name].format))
    return str(words.to_markdown(disable_numparse=True))


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the largest")
    parser.add_argument("--output", type=Path, help="folder for scaling.csv and the plot")
    options = parser.parse_args()
    cut = -1 if options.quick else None
    by_atoms = pd.DataFrame(rows(chains, RESIDUES[:cut], ATOMS)).assign(of="atoms")
    by_frames = pd.DataFrame(rows(trajectory, N_FRAMES_OF[:cut], FRAMES)).assign(of="frames")
    text = pd.concat([by_atoms, by_frames]).to_csv(index=False, float_format="%.4g")
    measurements = pd.read_csv(StringIO(text))
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "scaling.csv").write_text(text, encoding="utf-8")
        plot(by_atoms, by_frames, options.output / "scaling.svg")
    shown = tables(measurements)
    for title, numbers in shown.items():
        print(f"### {title}\n{markdown(numbers)}\n")
    against_atoms = next(iter(shown.values()))
    steep = against_atoms.index[against_atoms["exponent"] > MOST_EXPONENT]
    large = measurements.loc[measurements["MiB"] > MOST_MIB, "stage"].unique()
    if len(steep) or len(large):
        sys.exit(f"above a limit: exponent of {', '.join(steep)}; memory of {', '.join(large)}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
