"""`cgbench backmap` on a trajectory of beads that no all-atom frame stands behind.

    python benchmarks/cg_trajectory.py [--frames N] [--minimised N] [--folder FOLDER] [method ...]

A structure-based (Gō) model of the Cα atoms of chignolin (`support/go_model.py`) is simulated near its
folding temperature. Methods are trained on fold 0 of the bundled trajectories with the mapping
`alpha_carbon`, and the command backmaps the simulated beads; what it says is printed. The table has the
shares of structures that fail checks of `cgbench check`, the largest distance of a bead from the given one,
and the median energy in the force field of the trajectories above that of MD frames. Beside them is the
control: beads of the test frames, backmapped with the same model by the same command. Both are also shown in
parts, by the RMSD of the beads from the nearest training frame.

`--folder` keeps the beads, models and structures. Seconds are those of the processor, for the sampling alone.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import mdtraj
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from support.go_model import GoModel, native_contacts

from cgbench.chem.force_field import MAX_ENERGY, energies_per_atom, force_field_of
from cgbench.chem.frames import Frames
from cgbench.chem.geometry import all_pairs, pair_distances
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.superposition import nearest_shapes
from cgbench.core.registry import PlugIn
from cgbench.core.training_context import TrainingContext
from cgbench.data.sources.bundled import CARD, BundledSettings, Source
from cgbench.data.stored_folds import StoredFold, StoredFolds
from cgbench.formats.units import ANGSTROM_PER_NM
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.methods._bead_ranges import BeadRanges
from cgbench.methods.base import load_model
from cgbench.nn.task_facts import TaskFacts
from cgbench.pipeline.checks.run import check_structure

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
DATASET, FOLD, N_BEADS, SEED = "chignolin", 0, 12, 2022
METHODS = {
    "nearest_frame": {"use": "nearest_frame"},
    "conditional_gaussian_refined": {"use": "refined", "of": "conditional_gaussian"},
    "cgvae": {"use": "cgvae"},
}
DEFAULT_METHODS = ["nearest_frame", "conditional_gaussian_refined"]  # CGVAE trains for minutes
# K. Half of the native contacts are formed on average, and their number fluctuates most: of 1,000,000 steps
# at each of 350, 400, 420, 440, 460, 500, 600 and 700 K, the share of contacts that are formed had the means
# 0.76, 0.60, 0.57, 0.49, 0.48, 0.37, 0.21 and 0.15.
FOLDING_KELVIN = 440.0
STEPS = 1_000_000  # half a minute; between two of 500 frames are 2,000, or 20 ps
DISTANCES = (1.0, 2.0)  # Å, RMSD of the beads from the nearest training frame, which parts the rows
CHECKS = {
    "bonds": "bonds",
    "angles": "angles",
    "chirality": "chirality",
    "cis_peptides": "cis",
    "twisted_peptides": "twisted",
    "peptide_planarity": "planarity",
    "ring_piercing": "piercing",
    "clashes": "clashes",
}


@dataclass(frozen=True)
class Data:
    """The trajectories, the frames of the fold, the mapping and the states of the training frames."""

    frames: Frames
    fold: StoredFold
    mapping: Mapping
    is_folded: NDArray[np.bool_]

    @classmethod
    def read(cls) -> "Data":
        """Read the bundled trajectories."""
        frames, card = Source(BundledSettings(directory=str(RESOURCES / DATASET))).read()
        fold = StoredFolds.load(RESOURCES / "tasks" / DATASET / "folds.json").folds[FOLD]
        generator = PlugIn.parse("mapping", "alpha_carbon", "alpha_carbon", {}, "mapping").create()
        states = np.array([each["state"] for each in card["trajectories"]])
        mapping = generator.generate(frames.molecule, N_BEADS, SEED)
        return cls(frames, fold, mapping, states[frames.trajectory] == "folded")

    @property
    def molecule(self) -> Molecule:
        """The molecule."""
        return self.frames.molecule

    def positions(self, part: str) -> NDArray[np.float32]:
        """Frames [n_frames, n_atoms, 3] of a part of the fold, Å."""
        return self.frames.positions[self.fold.frames(part)]


@dataclass(frozen=True)
class BeadFile:
    """Beads [n_frames, n_beads, 3] in a file, and their distances [n_frames] from the training frames, Å."""

    label: str
    path: Path
    beads: NDArray[np.float32]
    distance: NDArray[np.float64]

    def parts(self) -> Iterator[tuple[str, IntArray]]:
        """Label and frames of all, and of those in each range of the distance from the training frames."""
        yield self.label, np.arange(len(self.beads))
        edges = (0.0, *DISTANCES, np.inf)
        for low, high in pairwise(edges):
            chosen = np.flatnonzero((self.distance >= low) & (self.distance < high))
            words = f"{low:g} to {high:g} Å" if np.isfinite(high) else f"{low:g} Å and more"
            if len(chosen):
                yield f"{self.label}, {words}", chosen


def go_model(data: Data) -> GoModel:
    """Gō model whose native structure is the folded training frame nearest to the mean of their distances."""
    train = data.fold.frames("train")
    folded = data.frames.positions[train[data.is_folded[train]]]
    beads = data.mapping.beads(folded.astype(np.float64))
    distances = pair_distances(beads, all_pairs(N_BEADS))
    native = int(np.square(distances - distances.mean(axis=0)).sum(axis=1).argmin())
    return GoModel(beads[native], native_contacts(folded[native], data.molecule))


def trained(name: str, data: Data, folder: Path) -> Path:
    """Train a method as the training stage does, and return its model file."""
    spec = dict(METHODS[name])
    plug_in = PlugIn.parse("methods", name, spec.pop("use"), spec, name)
    train, valid = data.positions("train"), data.positions("valid")
    method = plug_in.resolved(TaskFacts.of(data.mapping, train)).create(data.mapping, data.molecule)
    method.fit(train, valid, TrainingContext(seed=SEED))
    method.bead_ranges = BeadRanges.of(data.mapping.beads(train))
    method.save(folder / f"{name}.pt")
    return folder / f"{name}.pt"


def nearest_distance(beads: NDArray[np.floating], train: NDArray[np.floating]) -> NDArray[np.float64]:
    """RMSD [n_frames] of beads [n_frames, n_beads, 3] from the nearest training frame, superposed, Å."""
    weights = np.full(N_BEADS, 1 / N_BEADS)
    return nearest_shapes(beads.astype(np.float64), train.astype(np.float64), weights, 1)[1][:, 0]


def write_beads(path: Path, beads: NDArray[np.floating], data: Data) -> None:
    """Write beads [n_frames, n_beads, 3], Å, as XTC and, with their names, as GRO."""
    topology = molecule_to_mdtraj(bead_molecule(data.mapping, data.molecule))
    frames = mdtraj.Trajectory(beads / ANGSTROM_PER_NM, topology)
    frames.save_xtc(str(path))
    frames[0].save_gro(str(path.with_suffix(".gro")))


def backmapped(model: Path, beads: Path, output: Path, *options: str) -> str:
    """Run `cgbench backmap`, and return what it says."""
    command = [sys.executable, "-m", "cgbench", "backmap", str(model), "--beads", str(beads)]
    command += ["--topology", str(beads.with_suffix(".gro")), "--output", str(output), *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(done.stderr)
    return f"{done.stderr}{done.stdout}"


def sampling_milliseconds(model_path: Path, beads: NDArray[np.floating]) -> float:
    """Time of the processor for one structure, without start and files of the command."""
    model = load_model(model_path)
    start = time.process_time()
    model.sample(beads, 1, SEED)
    return 1000 * (time.process_time() - start) / len(beads)


def measured(
    output: Path, beads: Path, rows: IntArray, data: Data, force_field: tuple[str, ...], energy: float
) -> dict[str, object]:
    """Results of the checks of some frames of the output, their beads, and their energies above another."""
    part, part_beads = (path.with_name(f"{path.stem}-part.xtc") for path in (output, beads))
    names, bead_names = output.with_suffix(".pdb"), beads.with_suffix(".gro")
    structures = mdtraj.load(str(output), top=str(names))[rows]
    structures.save_xtc(str(part))
    mdtraj.load(str(beads), top=str(bead_names))[rows].save_xtc(str(part_beads))
    report = check_structure(part, topology=names, beads=part_beads, beads_topology=bead_names)
    drift = report.result("bead_drift").worst
    energies = energies_per_atom(structures.xyz * ANGSTROM_PER_NM, data.molecule, force_field)
    row: dict[str, object] = {"structures": len(rows)}
    row["all checks pass"] = f"{1 - report.n_frames_failed / len(rows):.1%}"
    for check, title in CHECKS.items():
        row[title] = f"{report.result(check).n_frames / len(rows):.1%}"
    row["bead drift (Å)"] = f"{drift.value:.3f}" if drift else ""
    median = float(np.median(energies))
    row["energy (kJ/mol per atom)"] = f"{median - energy:.2f}" if median < MAX_ENERGY else f"> {MAX_ENERGY:g}"
    return row


def simulated_and_control(data: Data, n_frames: int, steps: int, folder: Path) -> Iterator[BeadFile]:
    """Beads of the Gō model and of test frames, which are written to files, and described."""
    go, test = go_model(data), data.positions("test")
    test = test[np.linspace(0, len(test) - 1, n_frames).astype(int)]
    train = data.mapping.beads(data.positions("train"))
    for label, stem, beads in (
        ("Gō model", "cg", go.simulate(FOLDING_KELVIN, n_frames, steps // n_frames, SEED)),
        ("MD test frames", "md", data.mapping.beads(test)),
    ):
        path, distance = folder / f"{stem}.xtc", nearest_distance(beads, train)
        write_beads(path, beads, data)
        formed = go.formed(beads)
        most, few = (formed >= 0.7).mean(), (formed <= 0.3).mean()
        print(
            f"{label}: {formed.mean():.0%} of the native contacts are formed, at least 70 % in {most:.0%} of "
            f"{len(beads)} frames, at most 30 % in {few:.0%}; "
            f"RMSD from the nearest training frame {distance.min():.2f} to {distance.max():.2f} Å, median "
            f"{np.median(distance):.2f} Å"
        )
        yield BeadFile(label, path, beads, distance)


def rows(
    methods: list[str], n_frames: int, n_minimised: int, folder: Path, steps: int = STEPS
) -> Iterator[dict[str, object]]:
    """Simulate, train, backmap and measure; what the command says is printed."""
    data, force_field = Data.read(), force_field_of(RESOURCES / DATASET / CARD)
    test = data.positions("test")[:: -(-len(data.fold.frames("test")) // n_frames)]
    energy = float(np.median(energies_per_atom(test, data.molecule, force_field)))
    files = list(simulated_and_control(data, n_frames, steps, folder))
    for name in methods:
        model = trained(name, data, folder)
        for file in files:
            output = folder / f"{name}-{file.path.stem}.xtc"
            print(f"\n{name}, {file.label}:\n{backmapped(model, file.path, output)}")
            milliseconds = f"{sampling_milliseconds(model, file.beads):.1f}"
            for label, chosen in file.parts():
                row = measured(output, file.path, chosen, data, force_field, energy)
                yield {"method": name, "beads": label} | row | {"ms": milliseconds}
            if n_minimised:  # takes a second for each structure
                few = folder / f"{file.path.stem}-few.xtc"
                write_beads(few, file.beads[:: -(-n_frames // n_minimised)], data)
                output = folder / f"{name}-{few.stem}.xtc"
                options = [word for each in force_field for word in ("--force-field", each)]
                print(backmapped(model, few, output, "--minimise", *options))
                chosen = np.arange(len(range(0, n_frames, -(-n_frames // n_minimised))))
                row = measured(output, few, chosen, data, force_field, energy)
                yield {"method": name, "beads": f"{file.label}, minimised"} | row | {"ms": ""}


def main() -> None:
    """Print what the command says, and the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500, help="frames of either source of beads")
    parser.add_argument("--minimised", type=int, default=50, help="about so many of them are minimised, too")
    parser.add_argument("--folder", type=Path, help="where to keep all files")
    parser.add_argument("methods", nargs="*", default=DEFAULT_METHODS, help=", ".join(METHODS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        table = pd.DataFrame(list(rows(options.methods, options.frames, options.minimised, folder)))
    print(table.to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main()
