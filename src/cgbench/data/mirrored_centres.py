"""Tetrahedral atoms whose neighbours are arranged as mirror images in different trajectories.

Programs add the hydrogens of CH2 and CH3 groups in any order, OpenMM at random, so that simulations that were
set up one by one may have them in opposite orders. The names of the atoms agree, but to a model the
trajectories are those of two molecules.
"""

from collections.abc import Sequence

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import chiral_volumes
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.wording import listed

N_FRAMES = 16  # evenly spaced frames of a trajectory
LEAST_VOLUME = 0.3  # Å³; a carbon with three hydrogens has 1.0, a planar group 0
SHOWN = 3  # trajectories or atoms in a warning


def mirrored_centres(frames: Frames, files: Sequence[str]) -> list[str]:
    """Warn of atoms with four neighbours that have the opposite chirality in other trajectories.

    Parameters
    ----------
    files
        Name of each trajectory in messages.

    Returns
    -------
    warnings
        One at most.
    """
    molecule, numbers = frames.molecule, np.unique(frames.trajectory)
    centres = _centres(molecule)
    if len(numbers) < 2 or not len(centres):
        return []
    members = [np.flatnonzero(frames.trajectory == number) for number in numbers]
    chosen = [rows[np.linspace(0, len(rows) - 1, min(N_FRAMES, len(rows))).astype(int)] for rows in members]
    volumes = np.stack([chiral_volumes(frames.positions[rows], centres).mean(axis=0) for rows in chosen])
    sign = np.sign(volumes) * (np.abs(volumes) > LEAST_VOLUME)
    mirrored = sign * sign[0] < 0
    if not mirrored.any():
        return []
    found = []
    for row in np.flatnonzero(mirrored.any(axis=1)):
        atoms = [molecule.label(atom) for atom in centres[mirrored[row], 1]]
        found.append(f"{files[int(numbers[row])]} ({listed(atoms, SHOWN)})")
    return [
        f"neighbours of an atom are arranged as the mirror image of those in {files[int(numbers[0])]}: "
        f"{listed(found, SHOWN)}. To a model, these are different molecules. If hydrogens were numbered in "
        "another order, exchange two of them at each atom; if the trajectories are those of stereoisomers, "
        "make a dataset of each"
    ]


def _centres(molecule: Molecule) -> IntArray:
    """Return a neighbour, the atom and two other neighbours [n_centres, 4] of atoms with four neighbours."""
    around = ((atom, sorted(near)) for atom, near in molecule.graph.adjacency() if len(near) == 4)
    return np.array([(a, atom, b, c) for atom, (a, b, c, _) in around], dtype=np.int64).reshape(-1, 4)
