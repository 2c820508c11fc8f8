"""Reading of topology files with mdtraj: atoms, bonds, and the atoms of a selection."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.elements import assign_elements, is_water, unknown_elements, without_water
from cgbench.chem.mdtraj_topology import molecule_from_mdtraj
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.stated_elements import Stated, stated
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.formats.isolation import naming, read_isolated, reason_for_users
from cgbench.formats.pdb_records import read_records, require_all_atoms
from cgbench.formats.recognition import readable
from cgbench.formats.text_corrections import restore_psf_residues


@dataclass(frozen=True)
class System:
    """Content of a topology file, and a selection of its atoms.

    Attributes
    ----------
    everything
        All atoms; without an element where it is unknown.
    selected : int [n_selected]
        The selected atoms, sorted.
    n_water
        Number of selected atoms of water.
    without_water
        Selection that leaves them out.
    notes
        What was changed, for the card.
    """

    everything: Molecule
    selected: IntArray
    n_water: int
    without_water: str
    notes: tuple[str, ...]

    @property
    def molecule(self) -> Molecule:
        """The selected atoms, with residues counted from 0."""
        molecule = self.everything.subset(self.selected)
        return replace(molecule, residue_index=np.unique(molecule.residue_index, return_inverse=True)[1])


def read_topology(
    path: Path | str, selection: str = "all", elements: Mapping[str, str] | None = None
) -> Molecule:
    """Read atoms and bonds from a topology file of any format that mdtraj reads.

    Parameters
    ----------
    selection
        Atoms to keep, in mdtraj's atom selection language.
    elements
        Symbols by atom name, or by residue and atom name (``"MSE SE"``), for files without elements.

    Raises
    ------
    InputError
        If the file is missing or unreadable, no atom is selected, or the element of a selected atom is
        unknown.
    """
    return read_system(path, selection, elements).molecule


def read_system(
    path: Path | str, selection: str = "all", elements: Mapping[str, str] | None = None
) -> System:
    """Read a topology file like :func:`read_topology`, with the atoms that are not selected."""
    return read_isolated(path, _read_system, path, selection, elements or {})


def _read_system(path: Path | str, selection: str, elements: Mapping[str, str]) -> System:
    topology, facts, notes = topology_with_elements(path, elements)
    chosen = select_atoms(topology, selection, path, facts)
    if error := unknown_elements(topology, facts, chosen.tolist(), path):
        raise error
    everything = molecule_from_mdtraj(topology)
    constraints = _constraints(everything)
    if n_dropped := int(np.isin(everything.bonds[constraints, 0], chosen).sum()):
        notes.append(
            f"{counted(n_dropped, 'bond')} between hydrogens dropped, as a constraint of rigid water"
        )
    everything = replace(everything, bonds=everything.bonds[~constraints])
    water = [residue for residue in (topology.atom(index).residue for index in chosen) if is_water(residue)]
    return System(everything, chosen, len(water), without_water(water), tuple(notes))


def topology_with_elements(
    path: Path | str, elements: Mapping[str, str]
) -> tuple[mdtraj.Topology, Stated, list[str]]:
    """Read a topology and assign elements; also what the file states about them, and notes for the card.

    Called in the separate process.
    """
    topology, facts = load_topology(path)
    return topology, facts, assign_elements(topology, facts, elements, path)


def _constraints(molecule: Molecule) -> NDArray[np.bool_]:
    """Mask of the bonds between hydrogens that have other bonds, as in topologies of rigid water."""
    n_bonds = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    between = ~molecule.heavy[molecule.bonds].any(axis=1)
    return np.asarray(between & (n_bonds[molecule.bonds] > 1).any(axis=1))


def select_atoms(
    topology: mdtraj.Topology, selection: str, path: Path | str, facts: Stated
) -> NDArray[np.int64]:
    """Return the indices [n_selected] of a selection in mdtraj's language, which are one at least."""
    try:
        atoms = np.asarray(topology.select(selection), dtype=np.int64)
    except Exception as error:
        # The selection is compiled to Python, which may raise any exception.
        unknown = [atom.index for atom in topology.atoms if atom.element is None]
        if isinstance(error, AttributeError) and unknown:
            reason = unknown_elements(topology, facts, unknown, path)
            raise InputError(f"selection {selection!r} uses elements or masses: {reason}") from None
        raise InputError(
            f"selection {selection!r} is not valid in mdtraj's atom selection language: {error}; "
            'examples: "all", "protein", "not water"'
        ) from None
    if not len(atoms):
        raise InputError(f"{path}: no atom matches selection {selection!r}; correct the selection")
    return atoms


def load_topology(path: Path | str) -> tuple[mdtraj.Topology, Stated]:
    """Read a topology, and what the file states about elements; called in the separate process."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such topology; check the path in the dataset's configuration")
    # This process only reads, so that the filter affects nothing else: mdtraj's warnings are about the
    # choices that it makes, of which those that matter are checked here.
    warnings.filterwarnings("ignore", module=r"mdtraj\b")
    with naming(path), readable(path) as file:
        try:
            topology = mdtraj.load_topology(str(file))
            facts = stated(file, topology)
        except Exception as error:
            if file.suffixes[:1] == [".pdb"] and not read_records(file).n_records:
                raise InputError("the file has no atoms; write it again") from None
            # Readers raise types of their own.
            raise InputError(
                f"cannot be read as a topology: {reason_for_users(error, file, path)}; correct the file, or "
                "give one of another format that mdtraj reads (PDB, GRO, PSF, prmtop, mmCIF)"
            ) from None
        if file.suffixes[:1] == [".pdb"]:
            require_all_atoms(file, topology.n_atoms)
        if file.suffix == ".psf":
            restore_psf_residues(topology)
    if topology.n_atoms == 0:
        raise InputError(f"{path}: the topology has no atoms; give another file")
    return topology, facts
