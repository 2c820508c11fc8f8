"""Chemical elements of atoms: given by the user, stated by the topology file, or told by name and mass.

A name tells an element only where it admits no other; nothing is guessed.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import mdtraj
import numpy as np
from mdtraj.core.topology import Residue
from numpy.typing import NDArray

from cgbench.chem.bond_rule import RADII
from cgbench.chem.stated_elements import SYMBOLS, Stated
from cgbench.core.errors import InputError
from cgbench.core.wording import counted, listed, selected


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VIRTUAL = "VS"  # virtual sites and Drude particles, as in mdtraj
AMINO_ACIDS = _words(
    "ALA ARG ASH ASN ASP CYM CYS CYX GLH GLN GLU GLY HID HIE HIP HIS HSD HSE HSP ILE LEU LYN LYS MET PHE "
    "PRO SER THR TRP TYR VAL ACE NME NMA NH2 NHE"
)
# In these, as in amino acids, a second letter is the position of the atom.
NUCLEOTIDES = _words("AMP ADP ATP GMP GDP GTP CMP CDP CTP UMP UDP UTP NAD NAP FAD FMN COA")
POSITIONS = frozenset("ABGDEZH")  # alpha to eta
# Water models of which mdtraj does not know the residue.
WATERS = _words("DOD OPC SPC SPCE SWM4 SWM6 T3P T4P TP3 TP4 TP5 TIP5 TP3M TP4M TIP3P TIP4P TIP5P")
# Elements of single ions, which have names of their own in CHARMM.
IONS = {
    symbol.upper(): symbol
    for symbol in _words("Li Na K Rb Cs Mg Ca Sr Ba Zn Cd Mn Fe Co Ni Cu Ag Hg F Cl Br I")
}
IONS |= {"LIT": "Li", "SOD": "Na", "POT": "K", "RUB": "Rb", "CES": "Cs", "CAL": "Ca", "BAR": "Ba"}
IONS |= {"CAD": "Cd", "CLA": "Cl", "IOD": "I"}
# Elements that occur as single atoms only: in a residue of several atoms, NE is nitrogen and HO hydrogen.
SINGLE = _words(
    "He Ne Ar Kr Xe Rn Li Na Rb Cs Fr Be Ca Sr Ba Ra Po Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Ac Th Pa U "
    "Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
ELEMENTS = {symbol: mdtraj.element.Element.getBySymbol(symbol) for symbol in SYMBOLS.values()}

# Dalton.
LIGHTEST_ATOM = 0.9  # Drude particles are lighter
HEAVIEST_HYDROGEN = 4.5  # after repartitioning of masses
TOLERANCE = 0.5
HYDROGEN = 1.008


def assign_elements(
    topology: mdtraj.Topology, stated: Stated, given: Mapping[str, str], path: Path | str
) -> list[str]:
    """Set the element of every atom of a topology.

    What the user gives decides, then what the file states, then name and mass. An atom whose element
    remains unknown gets None, virtual sites and Drude particles get mdtraj's virtual element, and
    deuterium becomes hydrogen.

    Parameters
    ----------
    given
        Symbols by atom name, or by residue and atom name (``"MSE SE"``).

    Returns
    -------
    list of str
        What the card says about it.

    Raises
    ------
    InputError
        If a given symbol is no element, no atom has a given name, or the file states an element that an
        amino acid does not have at this place.
    """
    atoms = list(topology.atoms)
    names = _possible_elements(topology)
    _check_given(atoms, given, path)
    hydrogens = [
        LIGHTEST_ATOM < mass < HEAVIEST_HYDROGEN and ("H" in possible or (atom.name[:1] == "D" and mass > 2))
        for atom, possible, mass in zip(atoms, names, stated.masses, strict=True)
    ]
    shifted = _masses_with_hydrogens(topology, stated.masses, hydrogens)
    n_deuterium = 0
    for index, atom in enumerate(atoms):
        possible, mass = names[index], float(stated.masses[index])
        if symbol := given.get(f"{atom.residue.name} {atom.name}", given.get(atom.name, "")):
            symbol = SYMBOLS[symbol.upper()]
        elif symbol := stated.elements[index]:
            _check_stated(atom, symbol, possible, path)
        elif symbol := stated.by_type[index]:
            symbol = symbol if symbol in possible or not possible else ""
        elif hydrogens[index]:
            symbol = "H"
        elif not np.isnan(mass):
            symbol = _by_mass(possible, mass, shifted[index])
        elif len(possible) == 1:
            symbol = possible[0]
        n_deuterium += symbol == "D"
        atom.element = ELEMENTS.get("H" if symbol == "D" else symbol)
    return [f"{counted(n_deuterium, 'deuterium atom')} counted as hydrogen"] if n_deuterium else []


def unknown_elements(
    topology: mdtraj.Topology, stated: Stated, chosen: Iterable[int], path: Path | str
) -> InputError | None:
    """Return an error that names the chosen atoms without an element, or None if all have one."""
    unknown = [atom for atom in map(topology.atom, chosen) if not atom.element]
    if not unknown:
        return None
    first = unknown[0]
    if first.element is not None:
        if is_water(first.residue):
            kind = f"of a water model; leave water out by `selection: {without_water([first.residue])}`, or"
        else:
            kind = "or a Drude particle;"
        return InputError(
            f"{path}: atom {first.index} ({first}) has no chemical element, it is a virtual site {kind} "
            f"exclude such atoms by `selection`, for example `not name {selected(first.name)}`"
        )
    possible = _possible_elements(topology)
    described: dict[str, str] = {}
    for atom in unknown:
        mass = stated.masses[atom.index]
        reasons = [" or ".join(possible[atom.index]), "" if np.isnan(mass) else f"mass {mass:g}"]
        described[f"{atom.residue.name} {atom.name}"] = ", ".join(filter(None, reasons))
    names = dict.fromkeys(f"{atom.name}: ?" for atom in unknown)
    return InputError(
        f"{path}: the file states no element of some atoms, and their names do not tell it: "
        f"{listed([f'{name} ({reason})' if reason else name for name, reason in described.items()])}; "
        f"set `elements: {{{listed(list(names))}}}` in the dataset, with symbols in place of ?, give a "
        "topology with elements (PDB with the element column, mmCIF, prmtop with ATOMIC_NUMBER), or exclude "
        "the atoms by `selection`"
    )


def is_water(residue: Residue) -> bool:
    """Whether a residue is water, of a name that mdtraj knows or of another one."""
    return residue.is_water or residue.name in WATERS


def without_water(residues: Iterable[Residue]) -> str:
    """Return a selection that leaves the water of these residues out, also of names mdtraj does not know."""
    others = {residue.name for residue in residues if is_water(residue) and not residue.is_water}
    return f"not (water or resname {' '.join(map(selected, sorted(others)))})" if others else "not water"


def _possible_elements(topology: mdtraj.Topology) -> list[tuple[str, ...]]:
    """Elements that the name of each atom admits in its residue; none if it does not look like an element."""
    possible: list[tuple[str, ...]] = [()] * topology.n_atoms
    for residue in topology.residues:
        of_water = is_water(residue)
        is_single = residue.n_atoms == 1
        with_positions = (
            residue.is_protein
            or residue.name in NUCLEOTIDES
            or {"N", "CA", "C"} <= {atom.name for atom in residue.atoms}
        )
        for atom in residue.atoms:
            if of_water:
                # Other particles of a water model are virtual sites.
                possible[atom.index] = ({"O": "O", "H": "H", "D": "D"}.get(atom.name[:1], VIRTUAL),)
            elif is_single and _without_charge(residue.name) == _without_charge(atom.name) != "":
                possible[atom.index] = (_without_charge(atom.name),)
            elif residue.name == "MSE" and atom.name == "SE":
                possible[atom.index] = ("Se",)
            else:
                possible[atom.index] = _readings(atom.name, is_single, with_positions)
    return possible


def _without_charge(name: str) -> str:
    """Symbol of an ion; empty if the name is not that of an ion."""
    return IONS.get(name.upper().rstrip("+-0123456789"), "")


@cache
def _readings(name: str, is_single: bool, with_positions: bool) -> tuple[str, ...]:
    """Elements whose symbols are the first letters of a name; deuterium never, because D is much else."""
    letters = re.search("[A-Za-z]+", name)
    if letters is None:
        return ()
    two = letters[0][:2]
    if two in RADII and len(two) == 2:  # in this case of letters: Cl, Br, Si, Se
        return (two,)
    first, both = SYMBOLS.get(two[0].upper(), "D"), SYMBOLS.get(two.upper(), VIRTUAL)
    is_position = with_positions and two[0] in "HCNOSP" and two[1:] in POSITIONS and both != "Se"
    if both in {first, VIRTUAL} or is_position or (both in SINGLE and not is_single):
        return () if first == "D" else (first,)
    return (both,) if first == "D" else (first, both)


def _masses_with_hydrogens(
    topology: mdtraj.Topology, masses: NDArray[np.float64], hydrogens: list[bool]
) -> NDArray[np.float64]:
    """Masses to which the bonded hydrogens return what they have in excess of their own mass.

    Repartitioning of masses moves mass from heavy atoms to hydrogens bonded to them.
    """
    shifted = masses.copy()
    for bond in topology.bonds:
        for heavy, hydrogen in ((bond[0].index, bond[1].index), (bond[1].index, bond[0].index)):
            if hydrogens[hydrogen] and not hydrogens[heavy]:
                shifted[heavy] += masses[hydrogen] - HYDROGEN
    return shifted


def _by_mass(possible: tuple[str, ...], mass: float, shifted: float) -> str:
    """Element whose mass is that of an atom, among those that its name admits; empty if there is none."""
    if mass < LIGHTEST_ATOM:
        return VIRTUAL
    if not possible:
        tested = {*RADII, *IONS.values()}
        fitting = [symbol for symbol in tested if abs(shifted - ELEMENTS[symbol].mass) < TOLERANCE]
    else:
        # Deuterium adds mass that no heavy atom has lost.
        fitting = [
            symbol
            for symbol in possible
            if min(abs(value - ELEMENTS[symbol].mass) for value in (mass, shifted)) < TOLERANCE
        ]
        if not fitting and len(possible) == 1 and mass == shifted:
            # United atoms have the mass of up to three hydrogens.
            excess = (mass - ELEMENTS[possible[0]].mass) / HYDROGEN
            fitting = list(possible) if 0.9 < excess < 3.1 and abs(excess - round(excess)) < 0.1 else []
    return fitting[0] if len(fitting) == 1 else ""


def _check_given(atoms: list[mdtraj.core.topology.Atom], given: Mapping[str, str], path: Path | str) -> None:
    known = (
        {atom.name for atom in atoms} | {f"{atom.residue.name} {atom.name}" for atom in atoms}
        if given
        else set()
    )
    for name, symbol in given.items():
        if symbol.upper() not in SYMBOLS:
            raise InputError(f"elements: {symbol!r} (of {name}) is no chemical element; correct the symbol")
        if name not in known:
            raise InputError(
                f"elements: {path} has no atom {name!r}; correct the name, or write residue and atom: MSE SE"
            )


def _check_stated(
    atom: mdtraj.core.topology.Atom, symbol: str, possible: tuple[str, ...], path: Path | str
) -> None:
    """Refuse an element column that is shifted or filled with something else."""
    if atom.residue.name in AMINO_ACIDS and len(possible) == 1 and symbol not in {*possible, "D"}:
        raise InputError(
            f"{path}: atom {atom.index} ({atom}) is {symbol} in the file, but {possible[0]} by its name; "
            "correct the element in the file, or set in the dataset "
            f"`elements: {{{atom.residue.name} {atom.name}: {possible[0]}}}`"
        )
