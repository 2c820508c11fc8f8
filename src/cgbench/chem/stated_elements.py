"""What topology files state about the elements and masses of their atoms.

mdtraj guesses elements where a file has none, and does not tell which ones it guessed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import mdtraj
import numpy as np
from mdtraj.formats.pdb.pdbstructure import PdbStructure
from mdtraj.utils import open_maybe_zipped
from numpy.typing import NDArray

from cgbench.chem.bond_rule import RADII

SYMBOLS = {element.symbol.upper(): element.symbol for element in vars(mdtraj.element).values()
           if isinstance(element, mdtraj.element.Element)}  # fmt: skip
# Formats of which every atom that mdtraj gives an element to has it in the file.
WITH_ELEMENTS = frozenset({".cif", ".mmcif", ".pdbx", ".h5"})
PRMTOP = frozenset({".prmtop", ".parm7", ".prm7", ".top"})


@dataclass(frozen=True)
class Stated:
    """Statements of a topology file, one entry per atom.

    Attributes
    ----------
    elements
        Symbols; empty if the file states no element.
    by_type
        Symbols that follow from the atom types of a MOL2 file; empty if there is none.
    masses : [n_atoms]
        Dalton; NaN if the file states no mass.
    """

    elements: list[str]
    by_type: list[str]
    masses: NDArray[np.float64]


def stated(path: Path, topology: mdtraj.Topology) -> Stated:
    """Read from a topology file what it states about elements.

    Parameters
    ----------
    path
        Name with the suffix of its format (:func:`cgbench.formats.recognition.readable`).
    topology
        The atoms of the file as mdtraj read them.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    nothing = [""] * topology.n_atoms
    elements, by_type, masses = nothing, nothing, np.full(topology.n_atoms, np.nan)
    if suffix in WITH_ELEMENTS:
        elements = _of_mdtraj(topology)
    elif suffix == ".pdb":
        elements = _of_pdb(path, topology)
    elif suffix == ".psf":
        masses = _masses_of_psf(path, topology.n_atoms)
    elif suffix in PRMTOP:
        sections = _sections_of_prmtop(path)
        if "MASS" in sections:
            masses = np.array(sections["MASS"], dtype=float)
        if "ATOMIC_NUMBER" in sections:
            # LEaP writes -1 for types that it does not know.
            elements = [
                symbol if int(number) > 0 else ""
                for symbol, number in zip(_of_mdtraj(topology), sections["ATOMIC_NUMBER"], strict=False)
            ]
    elif suffix == ".mol2":
        by_type = [_element_of_type(kind) for kind in _types_of_mol2(path)]
    if {len(elements), len(by_type), len(masses)} != {topology.n_atoms}:
        raise ValueError("the number of masses, elements or types is not that of the atoms")
    return Stated(elements, by_type, masses)


def _of_mdtraj(topology: mdtraj.Topology) -> list[str]:
    return [atom.element.symbol if atom.element else "" for atom in topology.atoms]


def _of_pdb(path: Path, topology: mdtraj.Topology) -> list[str]:
    """Content of the element column; empty where it is blank or no symbol."""
    with open_maybe_zipped(str(path), "r") as handle:
        complete = all(
            line[76:78].strip().upper() in SYMBOLS for line in handle if line.startswith(("ATOM", "HETATM"))
        )
    if complete:
        return _of_mdtraj(topology)
    # Atoms are not in the order of the lines if chains or alternate locations alternate.
    with open_maybe_zipped(str(path), "r") as handle:
        structure = PdbStructure(handle, load_all_models=False)
    columns = [
        SYMBOLS.get(atom.element_symbol.upper(), "")
        for chain in structure.iter_chains()
        for residue in chain.iter_residues()
        for atom in residue.atoms
    ]
    return columns if len(columns) == topology.n_atoms else [""] * topology.n_atoms


def _masses_of_psf(path: Path, n_atoms: int) -> NDArray[np.float64]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    first = next(number for number, line in enumerate(lines) if "!NATOM" in line) + 1
    return np.array([float(line.split()[7]) for line in lines[first : first + n_atoms]])


def _sections_of_prmtop(path: Path) -> dict[str, list[str]]:
    """Numbers in the sections of fixed width."""
    sections = {}
    for section in path.read_text(encoding="utf-8", errors="replace").split("%FLAG ")[1:]:
        name, *lines = section.splitlines()
        if form := re.search(r"%FORMAT\(\d+[EIei](\d+)", section):
            width = int(form[1])
            rows = [line.rstrip() for line in lines if not line.startswith("%")]
            sections[name.strip()] = [
                row[start : start + width] for row in rows for start in range(0, len(row), width)
            ]
    return sections


def _types_of_mol2(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    atoms = text.split("@<TRIPOS>ATOM", 1)[1].split("@<TRIPOS>", 1)[0]
    return [line.split()[5] for line in atoms.splitlines() if line.strip()]


def _element_of_type(kind: str) -> str:
    """Element of an atom type of SYBYL (``C.ar``, ``Cl``) or GAFF (``ca``, ``cl``); empty for any other."""
    stem = kind.split(".")[0]
    if stem[:1].islower() and stem not in {"br", "cl"}:
        stem = stem[0]  # in GAFF, the first letter is the element of all other types
    elif len(stem) == 2 and stem.isupper():
        return ""  # AMBER: CA is carbon
    return stem.capitalize() if stem.capitalize() in RADII else ""
