"""Figures of geometries: RMSD and radius of gyration over time."""

from dataclasses import replace

import mdtraj
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_from_mdtraj
from cgbench.figures.rmsd_rg import measures, reference_frame, rmsd_rg, superposed_atoms


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_visible()]


@pytest.fixture
def two_states(alanine_frames: Frames) -> Frames:
    """Two trajectories that keep one shape each but for noise, the second twice as large."""
    noise = np.random.default_rng(0).normal(scale=0.05, size=(20, 22, 3))
    first = alanine_frames.positions[0]
    positions = np.concatenate([first + noise, 2 * first + noise]).astype(np.float32)
    trajectory = np.repeat([0, 1], 20)
    return Frames(positions, trajectory, np.tile(np.arange(20.0), 2), alanine_frames.molecule)


def test_measures_are_those_of_a_hand_computation(two_states: Frames) -> None:
    name, atoms = superposed_atoms(two_states.molecule)
    assert name == "heavy atoms"  # one Cα cannot be superposed
    table = measures(two_states, atoms, 3)
    assert table["rmsd"][3] == pytest.approx(0, abs=1e-3)
    first, last = (two_states.positions[k].astype(np.float64) for k in (3, 39))
    a, b = (points[atoms] - points[atoms].mean(axis=0) for points in (first, last))
    u, _, vt = np.linalg.svd(a.T @ b)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    assert table["rmsd"][39] == pytest.approx(np.sqrt(((a @ turn - b) ** 2).sum(1).mean()), abs=1e-3)
    gyration = np.sqrt(((last - last.mean(axis=0)) ** 2).sum(1).mean())
    assert table["radius_of_gyration"][39] == pytest.approx(gyration, abs=1e-3)


def test_alpha_carbons_are_superposed_where_there_are_enough() -> None:
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    names = [*["N", "CA", "C"] * 3, "CA"]
    elements = ["N", "C", "C"] * 3 + ["Ca"]  # the last is a calcium ion
    for number, (name, element) in enumerate(zip(names, elements, strict=True)):
        if number % 3 == 0:
            residue = topology.add_residue("GLY", chain)
        topology.add_atom(name, mdtraj.element.get_by_symbol(element), residue)
    name, atoms = superposed_atoms(molecule_from_mdtraj(topology))
    assert "alpha" in name
    assert atoms.tolist() == [1, 4, 7]


def test_the_reference_is_a_typical_folded_frame(two_states: Frames) -> None:
    _, atoms = superposed_atoms(two_states.molecule)
    assert reference_frame(two_states, atoms) == (0, "the first frame")
    assert reference_frame(two_states, atoms, ["", ""])[0] == 0
    number, meaning = reference_frame(two_states, atoms, ["unfolded", "folded"])
    assert 20 <= number < 40
    assert "folded" in meaning
    table = measures(two_states, atoms, number)
    folded = table[table["trajectory"] == 1]
    others = [measures(two_states, atoms, k)["rmsd"][20:].mean() for k in range(20, 40)]
    assert folded["rmsd"].mean() <= np.median(others)


def test_states_are_told_apart_by_colour(two_states: Frames) -> None:
    figure = rmsd_rg(two_states, ["folded", "unfolded"], "toy")
    axes = panels(figure)
    assert len(axes) == 2 * 3  # two trajectories and their distributions
    assert [axes[0].get_ylabel(), axes[3].get_ylabel()] == [
        "RMSD of heavy atoms (Å)",
        "radius of gyration (Å)",
    ]
    assert axes[0].lines[0].get_color() != axes[1].lines[0].get_color()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["folded (1)", "unfolded (1)"]
    assert "ns" in axes[3].get_xlabel()
    assert not rmsd_rg(two_states, ["", ""]).legends


def test_few_or_equal_frames_are_drawn(two_states: Frames) -> None:
    still = replace(two_states, positions=np.repeat(two_states.positions[:1], 40, axis=0))
    for frames in (still, Frames(still.positions[:1], still.trajectory[:1], still.time[:1], still.molecule)):
        assert panels(rmsd_rg(frames))[0].lines
