"""Figures of stored samples: torsions beside MD, errors of atoms, and distributions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_helpers import panels, write_run
from matplotlib.collections import PathCollection

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.chem.observables import Observables
from cgbench.config.schema import Protocol
from cgbench.core.errors import InputError
from cgbench.data.splits import make_split
from cgbench.figures.atom_errors import atom_errors, common_scale
from cgbench.figures.distribution_groups import Compared, quantities
from cgbench.figures.distributions import (
    TALLEST,
    StoredDistributions,
    distributions,
    md_against_md,
    read_distributions,
)
from cgbench.figures.mapping_graph import layout
from cgbench.figures.ramachandran import ramachandran, ramachandran_difference
from cgbench.figures.stored_samples import StoredSamples
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.pipeline.score import score_blocks
from cgbench.results.samples_file import Samples
from cgbench.results.tables import COLUMNS

INDEX = np.arange(20)
BLOCKS = INDEX // 10


def samples(frames: Frames, shift: float = 0.0) -> Samples:
    """Samples that are the frames with one atom moved by ``shift`` Å, and reconstructions by half of it."""
    samples = np.repeat(frames.positions[INDEX][:, None], 2, axis=1)
    reconstruction = samples[:, 0].copy()
    samples[..., 4, 0] += shift
    reconstruction[:, 4, 0] += shift / 2
    return Samples(INDEX, reconstruction, reconstruction, samples, 1.0)


def stored(frames: Frames, n_beads: int = 3, shift: float = 0.0, stochastic: bool = True) -> StoredSamples:
    run = {"method": "cgvae", "n_beads": n_beads, "stochastic": stochastic, "bound": None}
    return StoredSamples.measure(run, samples(frames, shift), 0.125, frames)


def test_stored_runs_are_read_with_their_scores(alanine_frames: Frames, tmp_path: Path) -> None:
    directory = write_run(tmp_path / "a", 3, 0)
    rows = [
        ("toy", "pairs", 3, "cgvae", 0, "test", "phi_psi_energy_distance", atoms, "1", value, 20)
        for atoms, value in (("all", 0.125), ("heavy", 9.0))
    ]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(directory / "metrics.csv", index=False)
    made = samples(alanine_frames)
    made.save(directory / "samples.npz")
    run = StoredSamples.read(directory, alanine_frames)
    assert (run.method, run.n_beads, run.bound, run.distance) == ("cgvae", 3, "", 0.125)
    assert run.torsions.shape == (2 * len(INDEX), 1, 2)
    fewer = made.reconstruction[:, :5]
    other = Samples(INDEX, fewer, fewer, made.samples[:, :, :5], 1.0)
    other.save(directory / "samples.npz")
    with pytest.raises(InputError, match=r"samples\.npz: samples of shape .* do not fit"):
        StoredSamples.read(directory, alanine_frames)


def test_ramachandran_has_the_reference_and_every_run(alanine_frames: Frames) -> None:
    molecule = alanine_frames.molecule
    reference = phi_psi(alanine_frames.positions[INDEX], molecule)
    runs = [stored(alanine_frames, n) for n in (6, 3)]
    axes = panels(ramachandran(reference, runs, 0.5, "toy"))
    assert [a.get_title() for a in axes] == ["MD", "3 beads", "6 beads"]
    assert axes[1].get_ylabel() == "cgvae\nψ (°)" and axes[1].get_xlabel() == "φ (°)"
    assert [a.texts[0].get_text() for a in axes] == ["floor 0.500", "ED 0.125", "ED 0.125"]
    # Samples that are the reference have its density.
    drawn = [a.images[0].get_array().filled(0) for a in axes]
    assert np.allclose(drawn[0], drawn[1])


def test_differences_are_drawn_below_densities(alanine_frames: Frames) -> None:
    molecule = alanine_frames.molecule
    reference = phi_psi(alanine_frames.positions[INDEX], molecule)
    others = phi_psi(alanine_frames.positions[INDEX + 100], molecule)
    runs = [stored(alanine_frames, n) for n in (3, 6)]
    figure = ramachandran_difference(reference, others, runs, 0.5, "toy")
    axes = panels(figure)
    titles = ["MD", "3 beads", "6 beads", "MD − MD", "− MD", "− MD"]
    assert [a.get_title() for a in axes] == titles
    assert axes[3].texts[0].get_text() == "floor 0.500"
    noise, equal = (a.images[0].get_array().filled(0) for a in axes[3:5])
    assert not equal.any()
    assert noise.any() and noise.sum() == pytest.approx(0.0, abs=1e-12)  # two densities of one mass
    scale = axes[3].images[0].norm
    assert scale(0.0) == pytest.approx(0.5), "0 is the middle of the colours"
    assert [a.get_ylabel() for a in figure.axes if a.get_label() == "<colorbar>"] == [
        "density\n(1/degree²)",
        "difference\n(1/degree²)",
    ]


def test_errors_of_atoms_are_drawn_on_their_atoms(alanine_frames: Frames) -> None:
    molecule = alanine_frames.molecule
    runs = [stored(alanine_frames, n, shift=n / 2) for n in (3, 6)]
    assert runs[0].errors["samples"][4] == pytest.approx(1.5, abs=1e-5)
    assert runs[0].errors["reconstruction"][4] == pytest.approx(0.75, abs=1e-5)
    assert not np.delete(runs[0].errors["samples"], 4).any()
    figure = atom_errors(molecule, runs, 2.0, layout(molecule), "toy")
    axes = panels(figure)
    kinds = ("reconstruction", "samples")
    assert [a.get_title() for a in axes] == [f"{n} beads\n{kind}" for kind in kinds for n in (3, 6)]
    discs = next(item for item in axes[2].collections if isinstance(item, PathCollection))
    assert np.allclose(discs.get_array().filled(-1), runs[0].errors["samples"])
    assert discs.norm.vmax == 2.0
    bar = next(a for a in figure.axes if a.get_label() == "<colorbar>")
    assert bar.get_ylabel() == "RMS error of an atom (Å)"
    assert [text.get_text() for text in axes[0].texts] == list(molecule.elements)


def test_a_deterministic_method_has_one_picture_per_resolution(alanine_frames: Frames) -> None:
    run = stored(alanine_frames, shift=1.0, stochastic=False)
    molecule = alanine_frames.molecule
    assert [a.get_title() for a in panels(atom_errors(molecule, [run], 1.0, layout(molecule)))] == ["3 beads"]


def test_one_bad_method_does_not_take_the_colours_from_others() -> None:
    def run(method: str, worst: float, bound: str = "") -> StoredSamples:
        return StoredSamples(
            method, 3, bound, np.zeros((1, 1, 2)), np.nan, {"backmapping": np.array([0.1, worst])}
        )

    runs = [run("a", 1.0), run("b", 2.0), run("c", 30.0), run("on_beads", 90.0, "floor")]
    assert common_scale(runs) == 2.0


def distributed(frames: Frames, samples: np.ndarray, method: str, bound: str = "") -> StoredDistributions:
    """What scoring leaves of samples, without the file between."""
    reference = frames.positions[INDEX]
    mapping = Mapping.centres(frames.molecule.residue_index)
    whole = Evaluation(reference, samples[:, 0], samples, frames.molecule, mapping)
    groups = [group for quantity in quantities(frames.molecule) for group in quantity.groups]
    sums = {
        score.metric: score.block_sums
        for score in score_blocks(whole, [group.metric for group in groups], BLOCKS)
        if score.atoms == "all"
    }
    compared = {group.label: group.compare(*group.plug_in.terms(sums[group.metric])[:2]) for group in groups}
    return StoredDistributions(method, 3, bound, compared)


def test_terms_are_grouped_by_kind(alanine: Molecule) -> None:
    torsions, bonds, angles = quantities(alanine)
    assert [group.label for group in torsions.groups] == ["φ", "ψ"]  # alanine has no χ
    assert {group.label: len(group.terms) for group in bonds.groups} == {
        "C–C": 3, "C–H": 10, "C–N": 4, "C–O": 2, "N–H": 2,
    }  # fmt: skip
    assert {group.label: len(group.terms) for group in angles.groups} == {
        "at C, 3 bonds": 6, "at C, 4 bonds": 24, "at N, 3 bonds": 6,
    }  # fmt: skip


def test_distributions_are_ridges_with_their_distance(alanine_frames: Frames) -> None:
    reference = np.repeat(alanine_frames.positions[INDEX][:, None], 2, axis=1)
    runs = [
        distributed(alanine_frames, reference * np.float32(1.1), "cgvae"),
        distributed(alanine_frames, reference, "true_frames", "ceiling"),
    ]
    torsions, bonds, _ = quantities(alanine_frames.molecule)
    split = make_split(alanine_frames, Protocol(folds=3), 0, 0)
    floors = [md_against_md(alanine_frames, split, bonds.groups)]
    figure = distributions(bonds, runs, floors, "toy")
    axes = panels(figure)
    assert [a.get_xlabel() for a in axes] == [f"bond length {g.label} (Å)" for g in bonds.groups]
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == [
        "MD (floor)",
        "cgvae",
    ]  # bounds are left out
    assert axes[0].texts[-1].get_text() == "distance (Å)"
    floor, apart = (text.get_text() for text in axes[1].texts)
    measured = Observables(alanine_frames.positions[INDEX][:, None], alanine_frames.molecule)
    lengths = measured.bond_lengths[:, 0, bonds.groups[1].terms]
    # All bonds are 10 % longer, by more than their width, and the distance is twice the difference.
    assert float(apart) == pytest.approx(0.2 * lengths.mean(), rel=0.05)
    assert abs(float(floor)) < 0.001
    # The ridge of the samples has its top where MD has, 10 % further.
    tops = [
        line.get_xdata()[line.get_ydata().argmax()] for line in axes[1].lines if len(line.get_xdata()) > 2
    ]
    assert tops[1] / tops[0] == pytest.approx(1.1, abs=0.02)
    # Half an Å to either side of MD is drawn, and numbers stand right of it.
    drawn = axes[1].lines[0].get_xdata()
    assert drawn[[0, -1]] == pytest.approx(lengths.mean() + np.array([-0.5, 0.5]), abs=0.03)
    assert axes[1].get_xlim()[1] > drawn[-1] + 0.2
    # Scaling changes no torsion.
    assert panels(distributions(torsions, runs))[0].texts[0].get_text() == "0"


def test_torsions_are_drawn_one_angle_at_a_time(alanine_frames: Frames) -> None:
    angles = phi_psi(alanine_frames.positions[INDEX], alanine_frames.molecule)
    measured = Observables(alanine_frames.positions[INDEX][:, None], alanine_frames.molecule)
    for column, group in enumerate(quantities(alanine_frames.molecule)[0].groups):
        weights = group.plug_in.weights(measured, np.zeros(len(INDEX), dtype=np.int64))[0]
        expected = np.histogram(angles[:, 0, column], bins=36, range=(-180, 180))[0]
        assert np.array_equal(group.select(weights)[0], expected)
        assert group.centres[[0, -1]].tolist() == [-175.0, 175.0]


def test_groups_of_all_terms_have_the_value_of_the_metric(alanine_frames: Frames) -> None:
    """Groups are drawn with the distance by which methods are ranked."""
    noise = np.random.default_rng(1).normal(scale=0.05, size=(20, 2, 22, 3)).astype(np.float32)
    reference = alanine_frames.positions[INDEX]
    samples = reference[:, None] + noise
    run = distributed(alanine_frames, samples, "cgvae")
    mapping = Mapping.centres(alanine_frames.molecule.residue_index)
    whole = Evaluation(reference, reference, samples, alanine_frames.molecule, mapping)
    for quantity in quantities(alanine_frames.molecule)[1:]:
        metric = quantity.groups[0].metric
        (value,) = (s.value for s in score_blocks(whole, [metric], BLOCKS) if s.atoms == "all")
        distances = [run.compared[group.label].distance for group in quantity.groups]
        sizes = [len(group.terms) for group in quantity.groups]
        assert np.average(distances, weights=sizes) == pytest.approx(value)


def test_a_ridge_is_as_high_as_what_is_drawn_of_it(alanine_frames: Frames) -> None:
    """What is stored last is not a number of lengths but how far they are beyond the axis."""
    bonds = quantities(alanine_frames.molecule)[1]
    weights = np.zeros(bonds.groups[0].grid.bins)
    weights[130:170] = 1.0
    beyond = weights.copy()
    beyond[-1] = 1e6
    compared = {group.label: Compared(weights, beyond, 0.0) for group in bonds.groups}
    figure = distributions(bonds, [StoredDistributions("mlp", 3, "", compared)])
    ridge = figure.axes[0].lines[2].get_ydata()
    assert np.max(ridge) - np.min(ridge) == pytest.approx(TALLEST)


def test_distributions_come_from_scores(alanine_frames: Frames, tmp_path: Path) -> None:
    directory = write_run(tmp_path / "a", 3, 0)
    torsions, bonds, angles = quantities(alanine_frames.molecule)
    columns = len(alanine_frames.molecule.angles) * (2 * angles.groups[0].grid.bins + 6)
    sums = {
        "angle_energy_distance.all.blocks": np.ones((3, columns)),
        "bond_length_energy_distance.heavy.blocks": np.ones((3, 4)),
        "rmsd_recon.all.blocks": np.ones((3, 1)),
    }
    frames = {"frame_index": np.arange(6), "block": np.arange(6) // 2}
    np.savez(directory / "scores.npz", **frames, **sums)  # type: ignore[arg-type]
    groups = [group for quantity in (torsions, bonds, angles) for group in quantity.groups]
    read = read_distributions(directory, groups)
    assert read.compared.keys() == {group.label for group in angles.groups}
    first = angles.groups[0]
    assert np.array_equal(
        read.compared[first.label].samples, np.full(first.grid.bins, 3.0 * len(first.terms))
    )
    figure = distributions(bonds, [read])
    assert "no run has been scored by a metric of bonds" in figure.texts[0].get_text()
    with pytest.raises(InputError, match=r"scores\.npz: no such file"):
        read_distributions(write_run(tmp_path / "b", 3, 0), groups)
