"""What a program gets: beads of some test frames, and the names of the atoms that it has to place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_names import standard_residue
from cgbench.chem.atom_sets import atoms_of_set
from cgbench.chem.frame_writer import frame_writer
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.trajectory_io import write_pdb
from cgbench.core.errors import InputError
from cgbench.data.splits import Split
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping

BEADS, TOPOLOGY, TRAINING = "beads", "topology.pdb", "training.npz"


def write_input(
    folder: Path, frames: Frames, split: Split, mapping: Mapping, index: IntArray, *, caps: bool
) -> None:
    """Write ``beads.npz``, ``beads.pdb`` (a model for each frame), ``beads.xtc`` and ``topology.pdb``.

    They are as those of an exported task, but residues have standard names, and chains are told apart by a
    ``TER``. No file has a test frame; the geometry of ``topology.pdb`` is that of a training frame.

    Parameters
    ----------
    index : int [n_frames]
        The test frames.
    caps
        Whether to write caps; without them, only residues with N, CA and C are left.

    Raises
    ------
    InputError
        If caps are left out, but a bead has atoms of caps and of other residues.
    """
    molecule = frames.molecule
    of_beads = bead_molecule(mapping, molecule)
    atoms, kept = np.arange(molecule.n_atoms), np.arange(mapping.n_beads)
    if not caps:
        atoms, kept = _without_caps(mapping, molecule)
    beads = mapping.beads(frames.positions[index].astype(np.float64))[:, kept].astype(np.float32)
    np.savez(
        folder / f"{BEADS}.npz",
        beads=beads,
        matrix=mapping.matrix[np.ix_(kept, atoms)],
        bead_index=np.searchsorted(kept, mapping.bead_index[atoms]),
    )
    named = _with_standard_names(of_beads.subset(kept))
    write_pdb(folder / f"{BEADS}.pdb", beads, named, chains=True)
    with frame_writer(folder / f"{BEADS}.xtc", named, len(beads), 1) as write:
        write(beads[:, None], None)
    geometry = frames.positions[split.train[0], atoms]
    write_pdb(folder / TOPOLOGY, geometry, _with_standard_names(molecule.subset(atoms)), chains=True)


def _without_caps(mapping: Mapping, molecule: Molecule) -> tuple[IntArray, IntArray]:
    """Atoms of the residues with N, CA and C, and the beads that consist of them."""
    residues = molecule.residue_index[atoms_of_set(molecule, "backbone")]
    inside: NDArray[np.bool_] = np.isin(molecule.residue_index, residues)
    parts = np.stack(
        [np.bincount(mapping.bead_index[mask], minlength=mapping.n_beads) for mask in (inside, ~inside)]
    )
    if (mixed := (parts > 0).all(axis=0)).any():
        raise InputError(
            f"`caps: false`, but {int(mixed.sum())} of {mapping.n_beads} beads have atoms of caps and "
            "of other residues; give the program a mapping whose beads do not"
        )
    return np.flatnonzero(inside), np.flatnonzero(parts[0])


def _with_standard_names(molecule: Molecule) -> Molecule:
    return replace(molecule, residue_names=tuple(map(standard_residue, molecule.residue_names)))
