"""Covalent bonds between selected atoms and those that a selection leaves out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_rule import BOND_FACTOR, COVALENT_RADII
from cgbench.chem.molecule import IntArray
from cgbench.chem.pbc import Cell, close_pairs
from cgbench.chem.topology_io import System
from cgbench.chem.trajectory_io import RawTrajectory, load_first_frame
from cgbench.core.wording import counted, listed


def describe_cuts(system: System, raw: RawTrajectory, files: Sequence[str], topology: str) -> str:
    """Say which covalent bonds a selection cuts; empty if it cuts none.

    Residues of which mdtraj does not know the bonds may have none in the topology. Their distances from the
    selected atoms in the first frame show which are bonded.

    Parameters
    ----------
    raw
        The selected atoms of the trajectory.
    files
        Parts of this trajectory, one of which begins with its first frame.
    topology
        Name of the topology file.
    """
    cuts = bonds_of_topology(system)
    for file in files if len(system.selected) < system.everything.n_atoms else ():
        first = load_first_frame(file, topology)
        # Otherwise the file does not begin with a frame that can be used, or holds scaled coordinates.
        if first is not None and np.allclose(first[0][system.selected], raw.positions[0], atol=1e-3):
            cuts = np.unique(np.concatenate([cuts, bonds_by_distance(system, *first)]), axis=0)
            break
    if not len(cuts):
        return ""
    label = system.everything.label
    bonds = listed([f"{label(i)}–{label(j)}" for i, j in cuts.tolist()])
    residues = listed(list(dict.fromkeys(label(atom).rsplit(" ", 1)[0] for atom in cuts[:, 1].tolist())))
    return f"cuts {counted(len(cuts), 'covalent bond')} ({bonds}) and leaves out {residues}"


def bonds_of_topology(system: System) -> IntArray:
    """Bonds of the topology [n_bonds, 2] from a selected atom to one that is left out.

    Bonds to hydrogens that are left out do not count, nor those to metals, virtual sites and Drude particles.
    """
    everything = system.everything
    is_selected = _mask(system)
    bonds = everything.bonds
    bonds = np.where(is_selected[bonds[:, :1]], bonds, bonds[:, ::-1])
    can_be_cut = _heavy(system) | (np.array(everything.elements) == "")
    cut = is_selected[bonds[:, 0]] & ~is_selected[bonds[:, 1]] & can_be_cut[bonds[:, 1]]
    return np.asarray(bonds[cut])


def bonds_by_distance(system: System, positions: NDArray[np.floating], cell: Cell = None) -> IntArray:
    """Pairs [n_pairs, 2] of a selected heavy atom and one that is left out, at the distance of a bond.

    Parameters
    ----------
    positions : [n_atoms, 3]
        All atoms of the topology, Å.
    cell : [3, 3], optional
        Vectors of the unit cell in rows, Å.
    """
    is_selected = _mask(system)
    heavy = np.flatnonzero(_heavy(system))
    radii = np.array([COVALENT_RADII[system.everything.elements[atom]] for atom in heavy])
    pairs = heavy[close_pairs(positions[heavy], BOND_FACTOR * radii, cell)]
    pairs = pairs[is_selected[pairs].sum(axis=1) == 1]
    return np.asarray(np.where(is_selected[pairs[:, :1]], pairs, pairs[:, ::-1]))


def _mask(system: System) -> NDArray[np.bool_]:
    mask = np.zeros(system.everything.n_atoms, dtype=bool)
    mask[system.selected] = True
    return mask


def _heavy(system: System) -> NDArray[np.bool_]:
    """Mask of the atoms with a covalent radius that are not hydrogen."""
    return np.array([element in COVALENT_RADII and element != "H" for element in system.everything.elements])
