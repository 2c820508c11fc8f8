"""Beads that a user defines in a file."""

import re
from collections.abc import Iterable

import mdtraj
import numpy as np
from numpy.typing import NDArray
from pydantic import StrictInt

from cgbench.chem.atom_names import replaced_names
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.settings import InputPath, Settings, parse_settings
from cgbench.core.strict_yaml import read_yaml
from cgbench.core.wording import counted
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

# Keywords of mdtraj's selections for numbers and names that only the topology file has.
TOPOLOGY_KEYWORDS = re.compile(r"\b(residue|resSeq|chainid|segment_id|segname)\b", re.IGNORECASE)


class FileSettings(Settings):
    """The file of beads.

    Attributes
    ----------
    path
        List with one :class:`Bead` per bead, as JSON (suffix ``.json``) or YAML (any other suffix).
    """

    path: InputPath


class Bead(Settings):
    """One bead in the file.

    Attributes
    ----------
    atoms
        Selection in mdtraj's language, or list of indices counted from 0.
    centre
        ``geometry`` (mean of the atoms), ``mass`` (centre of mass) or the name of one of the atoms.
    """

    atoms: str | tuple[StrictInt, ...]
    centre: str = "geometry"


class Generator(MappingGenerator):
    """Read the beads from a file, in which every atom is in exactly one bead.

    Only one number of beads is possible. Beads keep the order of the file, because a simulation
    writes them in that order; the seed has no effect.
    """

    Settings = FileSettings
    settings: FileSettings
    reference = "the user"

    def input_files(self) -> list[str]:
        """Return the file of beads."""
        return [self.settings.path]

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        path = self.settings.path
        beads = _read(path)
        if n_beads != len(beads):
            raise InputError(
                f"{path}: has {counted(len(beads), 'bead')}, but the resolution is {n_beads}; "
                f"the only possible resolution is {len(beads)}"
            )
        topology = molecule_to_mdtraj(molecule)
        labels = np.full(molecule.n_atoms, -1, dtype=np.int64)
        weights = np.zeros(molecule.n_atoms)
        for number, bead in enumerate(beads):
            location = f"{path}: bead {number}"
            atoms = _atoms(bead, molecule, topology, location)
            repeated = atoms[labels[atoms] >= 0]
            if len(repeated):
                raise InputError(
                    f"{location}: {_listed(repeated, topology)} already in bead {labels[repeated[0]]}; "
                    "leave every atom in one bead"
                )
            labels[atoms] = number
            weights[atoms] = _weights(bead.centre, atoms, molecule, location)
        missing = np.flatnonzero(labels < 0)
        if len(missing):
            raise InputError(
                f"{path}: {_listed(missing, topology)} in no bead; add them to one"
                f"{_renamed(missing, molecule, beads)}"
            )
        return Mapping(labels, weights)


def _read(path: str) -> list[Bead]:
    if path.lower().endswith(".ndx"):
        raise InputError(
            f"{path}: index files of GROMACS are not read; write a list of beads as YAML, such as "
            "[{atoms: [0, 1, 2]}, ...], with the indices of the file less 1, because these are counted from 0"
        )
    content = read_json(path, "correct it") if path.endswith(".json") else read_yaml(path)
    if not isinstance(content, list) or not content or not all(isinstance(item, dict) for item in content):
        raise InputError(
            f"{path}: must hold a list of beads, such as "
            '[{"atoms": "resid 0", "centre": "mass"}, {"atoms": [6, 7, 8]}]'
        )
    return [parse_settings(Bead, item, f"{path}: bead {number}") for number, item in enumerate(content)]


def _atoms(bead: Bead, molecule: Molecule, topology: mdtraj.Topology, location: str) -> IntArray:
    """Return the indices of the atoms of a bead: at least one, none twice, all in the molecule."""
    if isinstance(bead.atoms, str):
        if keyword := TOPOLOGY_KEYWORDS.search(bead.atoms):
            raise InputError(
                f"{location}: {bead.atoms!r} asks for {keyword[0]}, which frames do not keep; "
                "number residues by resid, from 0, over all chains"
            )
        try:
            atoms = np.asarray(topology.select(bead.atoms), dtype=np.int64)
        except Exception as error:
            # mdtraj compiles the selection to Python, which may raise any exception.
            raise InputError(
                f"{location}: {bead.atoms!r} is not in mdtraj's atom selection language: {error}; "
                'examples: "resid 0", "name CA or name CB"'
            ) from None
    else:
        outside = [atom for atom in bead.atoms if not 0 <= atom < topology.n_atoms]
        if outside:
            raise InputError(
                f"{location}: no atom {', '.join(map(str, outside))}; "
                f"atoms of the frames are counted from 0 to {topology.n_atoms - 1}"
            )
        atoms = np.asarray(bead.atoms, dtype=np.int64)
        values, counts = np.unique(atoms, return_counts=True)
        if (counts > 1).any():
            raise InputError(f"{location}: {_listed(values[counts > 1], topology)} in it more than once")
    if not len(atoms):
        raise InputError(
            f"{location}: no atom matches {bead.atoms!r}; a bead needs at least one, and resid counts from 0 "
            f"to {topology.n_residues - 1}{_renamed(range(topology.n_atoms), molecule, [bead])}"
        )
    return atoms


def _weights(centre: str, atoms: IntArray, molecule: Molecule, location: str) -> NDArray[np.float64]:
    """Weights [n_atoms_of_bead], which sum to 1."""
    if centre == "geometry":
        return np.full(len(atoms), 1.0 / len(atoms))
    if centre == "mass":
        return np.asarray(molecule.masses[atoms] / molecule.masses[atoms].sum())
    names = [molecule.atom_names[atom] for atom in atoms]
    if names.count(centre) != 1:
        raise InputError(
            f"{location}: centre {centre!r} is not geometry, mass or the name of exactly one of its atoms "
            f"({', '.join(names)}); choose one of these"
        )
    return np.asarray([float(name == centre) for name in names])


def _renamed(atoms: Iterable[int], molecule: Molecule, beads: list[Bead]) -> str:
    """Note that selections have names of the topology file for some atoms, which mdtraj replaced."""
    words = {
        word for bead in beads if isinstance(bead.atoms, str) for word in re.findall(r"[\w'*]+", bead.atoms)
    }
    names = {(molecule.residue_names[atom], molecule.atom_names[atom]) for atom in atoms}
    found = sorted(
        {f"{old} as {new}" for residue, new in names for old in replaced_names(residue, new) & words}
    )
    if not found:
        return ""
    return f"; mdtraj reads {', '.join(found)}: select by the second names, which are those of the PDB"


def _listed(atoms: IntArray, topology: mdtraj.Topology) -> str:
    """Subject and verb of a message about atoms: their indices and names, "is" or "are"."""
    named = ", ".join(f"{atom} ({topology.atom(int(atom))})" for atom in atoms)
    return f"atom {named} is" if len(atoms) == 1 else f"atoms {named} are"
