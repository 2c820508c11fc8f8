"""Clashes, and bonds that pass through rings."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.ring_piercing import piercings
from cgbench.chem.rings import rings
from cgbench.chem.severe_clashes import SevereClashes
from cgbench.pipeline.checks.structure import Structure
from cgbench.pipeline.checks.terms import Pairs

Faults = list[tuple[int, tuple[int, ...], float, float, float]]


def contact_pairs(structure: Structure) -> list[Pairs]:
    """List the checks of pairs of groups that are not bonded."""
    molecule = structure.molecule
    clashes, known = SevereClashes(molecule), rings(molecule)

    def clashing(positions: NDArray[np.float32]) -> Faults:
        return [
            (row, (i, j), distance, limit, np.inf)
            for row, frame in enumerate(positions)
            for (i, j), distance, limit in zip(*(each.tolist() for each in clashes(frame)), strict=True)
        ]

    def piercing(positions: NDArray[np.float32]) -> Faults:
        return [
            (row, (*molecule.bonds[bond].tolist(), *known[ring].tolist()), 1.0, -np.inf, 0.0)
            for row, ring, bond in piercings(positions, molecule).tolist()
        ]

    return [
        Pairs("clashes", "Å", molecule.n_atoms, clashing),
        Pairs("ring_piercing", "bonds", len(known), piercing),
    ]
