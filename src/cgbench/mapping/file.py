"""Beads that a user has written down."""

import re

import mdtraj
import numpy as np
from numpy.typing import NDArray
from pydantic import StrictInt

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.safe_io import read_yaml
from cgbench.core.settings import Settings, parse_settings
from cgbench.mapping.base import Mapping, MappingGenerator

# Words of mdtraj's language for numbers and names that a topology file gives to residues and chains.
OF_THE_FILE = re.compile(r"\b(residue|resSeq|chainid|segment_id|segname)\b", re.IGNORECASE)
EXAMPLE = '[{"atoms": "resid 0", "centre": "mass"}, {"atoms": [6, 7, 8]}]'


class FileSettings(Settings):
    """Where the beads are written down.

    Attributes
    ----------
    path
        JSON file, or YAML by any other suffix than ``.json``, that holds a list with one
        :class:`Bead` per bead.
    """

    path: str


class Bead(Settings):
    """One bead as the file has it.

    Attributes
    ----------
    atoms
        Selection in mdtraj's language, or list of indices counted from 0.
    centre
        ``geometry`` for the mean of its atoms, ``mass`` for their centre of mass, or the name of
        the one atom that the bead is on.
    """

    atoms: str | tuple[StrictInt, ...]
    centre: str = "geometry"


class Generator(MappingGenerator):
    """Read the beads from a file, in which every atom is in one bead and one only.

    There is one possible number of beads. They are numbered as they stand in the file, since a
    simulation writes them in an order of its own; the seed changes nothing.
    """

    Settings = FileSettings
    settings: FileSettings
    reference = "the user"

    def input_files(self) -> list[str]:
        """Return the file of beads."""
        return [self.settings.path]

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        path = self.settings.path
        beads = _read(path)
        if n_beads != len(beads):
            raise InputError(
                f"{path}: has {len(beads)} beads, but the resolution is {n_beads}; "
                f"the only possible resolution is {len(beads)}"
            )
        topology = molecule_to_mdtraj(molecule)
        labels = np.full(molecule.n_atoms, -1, dtype=np.int64)
        weights = np.zeros(molecule.n_atoms)
        for number, bead in enumerate(beads):
            where = f"{path}: bead {number}"
            atoms = _atoms(bead, topology, where)
            twice = atoms[labels[atoms] >= 0]
            if len(twice):
                raise InputError(
                    f"{where}: {_listed(twice, topology)} already in bead {labels[twice[0]]}; "
                    "leave every atom in one bead"
                )
            labels[atoms] = number
            weights[atoms] = _weights(bead.centre, atoms, molecule, where)
        left = np.flatnonzero(labels < 0)
        if len(left):
            raise InputError(f"{path}: {_listed(left, topology)} in no bead; add them to one")
        return Mapping(labels, weights)


def _read(path: str) -> list[Bead]:
    content = read_json(path, "correct it") if path.endswith(".json") else read_yaml(path)
    if not isinstance(content, list) or not content or not all(isinstance(item, dict) for item in content):
        raise InputError(f"{path}: must hold a list of beads, such as {EXAMPLE}")
    return [parse_settings(Bead, item, f"{path}: bead {number}") for number, item in enumerate(content)]


def _atoms(bead: Bead, topology: mdtraj.Topology, where: str) -> IntArray:
    """Atoms of a bead: some, each once and all there are."""
    if isinstance(bead.atoms, str):
        if numbering := OF_THE_FILE.search(bead.atoms):
            raise InputError(
                f"{where}: {bead.atoms!r} asks for {numbering[0]}, which frames do not keep of the topology; "
                "number residues by resid, from 0, over all chains"
            )
        try:
            atoms = np.asarray(topology.select(bead.atoms), dtype=np.int64)
        except Exception as error:
            # The selection is parsed and compiled to Python, so anything may be raised.
            raise InputError(
                f"{where}: {bead.atoms!r} is not in mdtraj's atom selection language: {error}; "
                'examples: "resid 0", "name CA or name CB"'
            ) from None
    else:
        outside = [atom for atom in bead.atoms if not 0 <= atom < topology.n_atoms]
        if outside:
            raise InputError(
                f"{where}: no atom {', '.join(map(str, outside))}; "
                f"atoms are counted from 0 to {topology.n_atoms - 1}"
            )
        atoms = np.asarray(bead.atoms, dtype=np.int64)
        values, counts = np.unique(atoms, return_counts=True)
        if (counts > 1).any():
            raise InputError(f"{where}: {_listed(values[counts > 1], topology)} in it more than once")
    if not len(atoms):
        raise InputError(f"{where}: no atom matches {bead.atoms!r}; a bead needs at least one")
    return atoms


def _weights(centre: str, atoms: IntArray, molecule: Molecule, where: str) -> NDArray[np.float64]:
    """Weights [n_atoms_of_bead], which sum to 1."""
    if centre == "geometry":
        return np.full(len(atoms), 1.0 / len(atoms))
    if centre == "mass":
        return np.asarray(molecule.masses[atoms] / molecule.masses[atoms].sum())
    names = [molecule.atom_names[atom] for atom in atoms]
    if names.count(centre) != 1:
        raise InputError(
            f"{where}: centre {centre!r} is neither geometry, nor mass, nor the name of one of its atoms "
            f"alone ({', '.join(names)})"
        )
    return np.asarray([float(name == centre) for name in names])


def _listed(atoms: IntArray, topology: mdtraj.Topology) -> str:
    """List atoms for a message."""
    named = ", ".join(f"{atom} ({topology.atom(int(atom))})" for atom in atoms)
    return f"atom {named} is" if len(atoms) == 1 else f"atoms {named} are"
