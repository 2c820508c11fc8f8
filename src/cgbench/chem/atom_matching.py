"""Atoms of a topology file matched to those of a molecule, by residue and name."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mdtraj.formats.pdb.pdbfile import PDBTrajectoryFile

from cgbench.chem.atom_names import PATCHES, counts_from_one, standard_atom, standard_residue
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.topology_io import load_topology
from cgbench.core.errors import InputError
from cgbench.core.wording import listed
from cgbench.formats.isolation import read_isolated
from cgbench.formats.recognition import readable

SHOWN = 6  # atoms in a message
ResidueKey = tuple[int, int, str]  # chain, number and standard name


class AtomLabel(NamedTuple):
    """Chain (counted from 0), number and name of the residue of an atom, and its own name, as in a file."""

    chain: int
    number: int
    residue: str
    atom: str


@dataclass(frozen=True)
class AtomMatch:
    """Which atom of a file is which atom of the molecule.

    Attributes
    ----------
    of_file, of_molecule : int [n_matched]
        Indices of the atoms that both have.
    absent : int [n_absent]
        Atoms of the molecule that the file lacks, sorted.
    extra
        Atoms of the file that the molecule lacks, such as ``GLY5 OXT``.
    old_numbers : int [n_groups, 2]
        Hydrogens 2 and 3 of CH2 groups of the molecule that have the numbers 2 and 1 in the file. Some
        programs count them in the other order.
    """

    of_file: IntArray
    of_molecule: IntArray
    absent: IntArray
    extra: tuple[str, ...]
    old_numbers: IntArray


def read_labels(path: Path | str) -> list[AtomLabel]:
    """Read the labels of all atoms of a topology file.

    Raises
    ------
    InputError
        If the file is missing or unreadable.
    """
    return read_isolated(path, _read_labels, path)


def _read_labels(path: Path | str) -> list[AtomLabel]:
    topology, _ = load_topology(path)
    with readable(Path(path)) as file:
        if file.suffixes[:1] == [".pdb"]:  # with the names in the file, which mdtraj replaces otherwise
            with PDBTrajectoryFile(str(file), standard_names=False) as stored:
                topology = stored.topology
    return [
        AtomLabel(atom.residue.chain.index, atom.residue.resSeq, atom.residue.name, atom.name)
        for atom in topology.atoms
    ]


def match_atoms(labels: Sequence[AtomLabel], molecule: Molecule, path: Path | str) -> AtomMatch:
    """Match atoms by residue and name; the order of atoms within a residue does not matter.

    Residues are matched by their names and numbers; an offset of all numbers does not matter, and residues
    may be missing at the ends, such as caps, or be left out in between. Names are those of the PDB, IUPAC,
    AMBER or CHARMM.

    Raises
    ------
    InputError
        If the residues are not those of the molecule, or two atoms have the same name; ``path`` is the file.
    """
    residues = _residues(labels)
    known, first = np.unique(molecule.residue_index, return_index=True)
    sequence = [standard_residue(molecule.residue_names[atom]) for atom in first]
    places = _places(list(residues), sequence, path)
    targets: list[dict[str, int]] = [{} for _ in known]
    for atom, residue in enumerate(np.searchsorted(known, molecule.residue_index).tolist()):
        targets[residue][standard_atom(sequence[residue], molecule.atom_names[atom])] = atom
    matched: dict[int, int] = {}  # atom of the file by atom of the molecule
    extra, old = [], []
    for (key, atoms), place in zip(residues.items(), places, strict=True):
        for atom in atoms:
            name = labels[atom].atom
            standard = standard_atom(key[2], name)
            target = targets[place].get(standard)
            if target is None:
                extra.append(f"{key[2]}{key[1]} {name}")
            elif target in matched:
                other = labels[matched[target]].atom
                raise InputError(
                    f"{path}: {other} and {name} of residue {key[2]}{key[1]} are both {standard}; give every "
                    "atom once, with its name in the PDB"
                )
            else:
                matched[target] = atom
                second = targets[place].get(f"{standard[:-1]}2")
                if counts_from_one(name, standard) and second is not None:
                    old.append((second, target))
    of_molecule = np.array(sorted(matched), dtype=np.int64)
    return AtomMatch(
        of_file=np.array([matched[target] for target in of_molecule.tolist()], dtype=np.int64),
        of_molecule=of_molecule,
        absent=np.setdiff1d(np.arange(molecule.n_atoms), of_molecule),
        extra=tuple(extra),
        old_numbers=np.array(
            [pair for pair in old if pair[0] in matched and pair[1] in matched], dtype=np.int64
        ).reshape(-1, 2),
    )


def _residues(labels: Sequence[AtomLabel]) -> dict[ResidueKey, list[int]]:
    """Atoms of each residue, in the order of the file; caps of CHARMM are residues of their own."""
    names: dict[tuple[int, int], set[str]] = {}
    for label in labels:
        names.setdefault((label.chain, label.number), set()).add(label.atom)
    residues: dict[ResidueKey, list[int]] = {}
    for atom, label in enumerate(labels):
        name = standard_residue(label.residue)
        for cap, patch in PATCHES.items():
            # HT1 to HT3 are also at a charged end, which has no methyl carbon.
            if name != cap and label.atom in patch and names[label.chain, label.number] & {"CAY", "CAT"}:
                name = cap
        residues.setdefault((label.chain, label.number, name), []).append(atom)
    return residues


def _places(residues: Sequence[ResidueKey], sequence: Sequence[str], path: Path | str) -> list[int]:
    """Find the index in the sequence of each residue of the file."""
    in_order = list(range(len(residues)))
    numbers = [number - residues[0][1] for _, number, _ in residues]
    increasing = all(low < high for low, high in pairwise(numbers))
    for steps in [numbers, in_order] if increasing else [in_order]:
        fitting = [
            [start + step for step in steps]
            for start in range(len(sequence) - steps[-1])
            if all(sequence[start + step] == key[2] for step, key in zip(steps, residues, strict=True))
        ]
        # Numbers as in topology.pdb of an exported task decide where several places fit.
        numbered = [places for places in fitting if places[0] == residues[0][1] - 1]
        if len(fitting) == 1 or numbered:
            return (numbered or fitting)[0]
        if fitting:
            raise InputError(
                f"{path}: its residues fit the molecule in {len(fitting)} places; number them as in "
                "topology.pdb of the task, from 1"
            )
    found = [f"{name}{number}" for _, number, name in residues]
    raise InputError(
        f"{path}: the residues {listed(found, SHOWN)} are not a part of {'-'.join(sequence)}; give the "
        "residues of the task in their order, without solvent"
    )
