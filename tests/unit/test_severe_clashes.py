"""Severe clashes are those of all pairs, with exceptions for near atoms and hydrogen bonds."""

import networkx as nx
import numpy as np
import pytest
from peptide_helpers import molecule_of

from cgbench.chem.severe_clashes import SevereClashes


def test_found_among_all_pairs(chignolin_frames) -> None:
    """A geometry that is pressed together has clashes of all kinds."""
    molecule, positions = chignolin_frames.molecule, 0.6 * chignolin_frames.positions[0].astype(np.float64)
    apart = dict(nx.all_pairs_shortest_path_length(molecule.graph, cutoff=3))
    polar = [
        element == "H" and any(molecule.elements[other] in "NOS" for other in molecule.graph[atom])
        for atom, element in enumerate(molecule.elements)
    ]
    expected = {}
    for i in range(molecule.n_atoms):
        for j in range(i + 1, molecule.n_atoms):
            steps = apart[i].get(j, 4)
            radii = [1.0 if polar[atom] else molecule.van_der_waals_radii[atom] for atom in (i, j)]
            bonds = (polar[i] and molecule.elements[j] in "NOS") or (
                polar[j] and molecule.elements[i] in "NOS"
            )
            limit = 1.2 if steps == 3 or bonds else max(1.2, sum(radii) - 0.9)
            if steps > 2 and np.linalg.norm(positions[i] - positions[j]) < limit:
                expected[i, j] = limit
    pairs, distances, limits = SevereClashes(molecule)(positions)
    assert len(expected) > 50
    assert dict(zip(map(tuple, pairs.tolist()), limits.tolist(), strict=True)) == pytest.approx(expected)
    assert distances == pytest.approx(np.linalg.norm(np.diff(positions[pairs], axis=1)[:, 0], axis=-1))


@pytest.mark.parametrize(
    ("elements", "bonds", "distance", "clashes"),
    [
        ("CC", [], 2.49, True),  # 1.7 + 1.7 − 0.9 = 2.5 Å
        ("CC", [], 2.51, False),
        ("CO", [(0, 1)], 1.0, False),  # bonded
    ],
)
def test_of_two_atoms(elements, bonds, distance, clashes) -> None:
    positions = np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]])
    assert bool(len(SevereClashes(molecule_of(elements, bonds))(positions)[0])) == clashes


def test_a_hydrogen_bond_may_be_short() -> None:
    """O–H···O with 1.4 Å between H and O passes; C–H···O does not."""
    positions = np.array([[0.0, 0.0, 0.0], [0.97, 0.0, 0.0], [2.37, 0.0, 0.0]])
    assert len(SevereClashes(molecule_of("OHO", [(0, 1)]))(positions)[0]) == 0
    pairs, _, limits = SevereClashes(molecule_of("CHO", [(0, 1)]))(positions)
    assert pairs.tolist() == [[1, 2]]
    assert limits == pytest.approx([1.2 + 1.52 - 0.9])
