"""The structure that is checked: its frames, its atoms, their names in the file and their bonds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_matching import AtomLabel, read_labels
from cgbench.chem.atom_names import standard_atom, standard_residue
from cgbench.chem.bond_completion import add_missing_bonds, sampled
from cgbench.chem.bond_rule import RADII
from cgbench.chem.frame_stream import FrameStream
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import LONGEST_BOND, Cell, distances
from cgbench.chem.residue_templates import Match, match_template
from cgbench.chem.topology_io import read_system
from cgbench.core.errors import InputError
from cgbench.core.wording import counted, listed

CHUNK_BYTES = 16 * 2**20  # of the positions that are in memory
# Names of the atoms of bonds that topologies may lack: disulfides, the ends of a cyclic peptide, and N–H2 of
# proline that begins a chain.
JOINING = ({"SG"}, {"C", "N"}, {"N", "H2"})


@dataclass(frozen=True)
class Structure:
    """Frames of one molecule or several.

    Attributes
    ----------
    molecule
        Atoms without water and single ions, and their bonds.
    labels
        Chain, residue and name of each atom in the file.
    frames
        Frames of all atoms of the file.
    selected : int [n_atoms]
        Atoms of the molecule among those of the file.
    notes
        What was left out or changed, one sentence each.
    """

    path: Path
    molecule: Molecule
    labels: tuple[AtomLabel, ...]
    frames: FrameStream
    selected: IntArray
    notes: tuple[str, ...]

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Read all frames [n, n_atoms, 3], Å; molecules that the periodic boundary cuts are joined."""
        n_stored = self.frames.sample.positions.shape[1]
        for chunk in self.frames.chunks(max(1, CHUNK_BYTES // (12 * n_stored))):
            yield chunk.joined(self.selected, self.molecule)

    @cached_property
    def residues(self) -> list[list[int]]:
        """Atoms of each residue."""
        index = self.molecule.residue_index
        return [list(atoms) for _, atoms in groupby(range(len(index)), key=lambda atom: int(index[atom]))]

    @cached_property
    def names(self) -> list[str]:
        """Name of each atom in the PDB."""
        return [standard_atom(standard_residue(label.residue), label.atom) for label in self.labels]

    @cached_property
    def has_hydrogens(self) -> bool:
        """Whether any atom is a hydrogen."""
        return not self.molecule.heavy.all()

    @cached_property
    def matches(self) -> list[Match | None]:
        """Template of each residue."""
        between = np.diff(self.molecule.residue_index[self.molecule.bonds], axis=1)[:, 0] != 0
        external = set(self.molecule.bonds[between].ravel().tolist())
        return [
            match_template(
                self.labels[atoms[0]].residue,
                {self.names[atom] for atom in atoms},
                {self.names[atom] for atom in atoms if atom in external},
                self.has_hydrogens,
            )
            for atoms in self.residues
        ]

    @cached_property
    def types(self) -> list[str]:
        """Type of each atom in the force field of the templates; empty where unknown."""
        return [
            match.template.types.get(self.names[atom], "") if match else ""
            for atoms, match in zip(self.residues, self.matches, strict=True)
            for atom in atoms
        ]

    def residue(self, atom: int) -> str:
        """Residue of an atom as in the file, such as ``THR7``; with several chains, ``2:THR7``."""
        label = self.labels[atom]
        chain = f"{label.chain + 1}:" if self.labels[-1].chain != self.labels[0].chain else ""
        return f"{chain}{label.residue}{label.number}"

    def place(self, atoms: Sequence[int]) -> str:
        """Residues and names of atoms, such as ``THR7 CA–CB`` or ``THR7 C–GLY8 N``."""
        words = []
        for residue, group in groupby(atoms, key=self.residue):
            words.append(f"{residue} {'–'.join(self.labels[atom].atom for atom in group)}")
        return "–".join(words)


def open_structure(
    path: Path | str, topology: Path | str | None = None, selection: str = "not water"
) -> Structure:
    """Open a structure or a trajectory of any format that mdtraj reads.

    Residues of one atom (ions) are left out. Bonds are those of the topology, without the bonds that readers
    add between the ends of chains, and with disulfides, closures of cycles and the bonds of atoms that are in
    no template, by distance.

    Parameters
    ----------
    topology
        Topology of a trajectory; ``path`` itself if it has names of atoms (PDB, GRO, mmCIF).
    selection
        Atoms to check, in mdtraj's atom selection language.

    Raises
    ------
    InputError
        If a file is missing, damaged or has no names, or an element is unknown or without a radius.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    if topology is None and not _has_names(path):
        raise InputError(f"{path}: has no names of atoms; give --topology, such as a PDB or GRO file")
    topology = path if topology is None else topology
    system = read_system(topology, selection)
    everything, chosen = system.everything, system.selected
    single = np.bincount(everything.residue_index)[everything.residue_index[chosen]] == 1
    if single.all():
        raise InputError(f"{topology}: no residue of several atoms is in {selection!r}; change --selection")
    left_out = everything.n_atoms - (~single).sum()
    chosen = chosen[~single]
    molecule = everything.subset(chosen)
    if unknown := sorted(set(molecule.elements) - RADII.keys()):
        raise InputError(
            f"{topology}: no radius is known for {', '.join(unknown)}; leave such residues out with "
            f'--selection, such as "{selection} and not resname HEM"'
        )
    stored = read_labels(topology)
    frames = FrameStream.open(path, topology)
    notes = [*system.notes, *frames.notes]
    if left_out:
        notes.append(f"{counted(left_out, 'atom')} not checked: water, ions and what --selection leaves out")
    structure = Structure(path, molecule, tuple(stored[atom] for atom in chosen), frames, chosen, ())
    structure, dropped = _without_ends(structure)
    structure, added = _with_bonds(structure)
    return replace(structure, notes=(*notes, *dropped, *added))


def _has_names(path: Path) -> bool:
    return any(
        suffix.lower() in (".pdb", ".gro", ".cif", ".mmcif", ".pdbx", ".ent") for suffix in path.suffixes
    )


def _sample(structure: Structure) -> tuple[NDArray[np.float32], Cell]:
    positions, cell = sampled(*structure.frames.sample)
    return positions[:, structure.selected], cell


def _without_ends(structure: Structure) -> tuple[Structure, list[str]]:
    """Drop long bonds of residues that do not follow each other, or between atoms that end their chains."""
    (positions, cell), molecule, labels = _sample(structure), structure.molecule, structure.labels
    long = (distances(positions, molecule.bonds, cell) > LONGEST_BOND).all(axis=0)
    names = [{structure.names[atom] for atom in atoms} for atoms in structure.residues]
    words = [labels[atoms[0]].residue for atoms in structure.residues]
    starts = [bool(each & {"H2", "H3"}) or word == "ACE" for each, word in zip(names, words, strict=True)]
    ends = ["OXT" in each or word in ("NME", "NH2") for each, word in zip(names, words, strict=True)]
    number = np.repeat(np.arange(len(names)), [len(atoms) for atoms in structure.residues])
    dropped = np.zeros(len(molecule.bonds), dtype=bool)
    for bond in np.flatnonzero(long).tolist():
        i, j = molecule.bonds[bond].tolist()
        follow = labels[i].number + 1 == labels[j].number and labels[i].chain == labels[j].chain
        between = number[i] != number[j]
        dropped[bond] = between and (not follow or ends[number[i]] or starts[number[j]])
    if not dropped.any():
        return structure, []
    places = [structure.place(pair) for pair in molecule.bonds[dropped].tolist()]
    molecule = replace(molecule, bonds=molecule.bonds[~dropped])
    return replace(structure, molecule=molecule), [
        f"no bond between chains, or across a gap: {listed(places)}"
    ]


def _with_bonds(structure: Structure) -> tuple[Structure, list[str]]:
    """Add bonds by distance where topologies lack them."""
    before = structure.molecule
    after, _ = add_missing_bonds(before, *_sample(structure))
    known = set(map(tuple, before.bonds.tolist()))
    added = [
        (i, j)
        for i, j in after.bonds.tolist()
        if (i, j) not in known
        and (
            not (structure.types[i] and structure.types[j])
            or {structure.names[i], structure.names[j]} in JOINING
        )
    ]
    if not added:
        return structure, []
    bonds = np.array(sorted(known | set(added)), dtype=np.int64)
    places = [structure.place(pair) for pair in added]
    note = f"{counted(len(added), 'bond')} added by distance: {listed(places)}"
    return replace(structure, molecule=replace(before, bonds=bonds)), [note]
