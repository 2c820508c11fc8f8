"""Atoms of the standard residues of proteins, and equilibrium geometries of their bonds and angles.

Both are those of the AMBER force field ff14SB (J. A. Maier et al., J. Chem. Theory Comput. 11, 3696, 2015) in
the file that comes with OpenMM, with all protonation states, charged ends of chains and caps. Neutral ends,
which it does not have, follow from charged ones: NH2 has the types of neutral lysine, COOH those of neutral
aspartic acid.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_names import standard_atom, standard_residue
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.formats.units import ANGSTROM_PER_NM

FILE = "app/data/amber14/protein.ff14SB.xml"
KT = 0.0083144626 * 300.0  # kJ/mol, at the temperature of the bundled trajectories
# Types of O=C–O–H, as in the side chain of ASH; C has the same type in COO–.
CARBOXYL = {"O": "protein-O", "OXT": "protein-OH", "HXT": "protein-HO"}


@dataclass(frozen=True)
class Template:
    """A residue of the force field.

    Attributes
    ----------
    name
        Its name there, such as ``HIE`` or ``NALA``.
    types
        Type of each atom, by its name in the PDB.
    hydrogens, external
        Names of the hydrogens, and of the atoms that are bonded to other residues.
    is_neutral_end
        Whether it ends a chain with NH2 (NH in proline) or COOH in place of the charged end of this name.
    """

    name: str
    types: dict[str, str]
    hydrogens: frozenset[str]
    external: frozenset[str]
    is_neutral_end: bool = False


class Match(NamedTuple):
    """The template of a residue, the names of its atoms that the residue lacks, and names it lacks itself."""

    template: Template
    missing: tuple[str, ...]
    extra: tuple[str, ...]


class Parameters(NamedTuple):
    """Equilibrium values and standard deviations at 300 K [n_terms]; NaN where the force field has none."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


def match_template(
    residue: str, names: AbstractSet[str], external: AbstractSet[str], has_hydrogens: bool
) -> Match | None:
    """Find the template of a residue by its atoms.

    Parameters
    ----------
    residue
        Name in the file.
    names, external
        Names of its atoms in the PDB (:func:`cgbench.chem.atom_names.standard_atom`), and those of its atoms
        that are bonded to other residues.
    has_hydrogens
        Whether the structure has hydrogens; without any, none is missing.

    Returns
    -------
    Match or None
        The template with the fewest other atoms; None if there is none of this name.
    """
    candidates = []
    for template in _library()[0].get(standard_residue(residue), ()):
        if template.is_neutral_end and not external <= template.external:
            continue  # such as a second hydrogen on the N of a peptide bond
        expected = template.types.keys() if has_hydrogens else template.types.keys() - template.hydrogens
        missing, extra = expected - names, names - template.types.keys()
        candidates.append(
            (
                (
                    len(missing) + len(extra),
                    len(extra),
                    len(template.external ^ external),
                    template.name != residue,
                    template.name != standard_residue(residue),
                ),
                Match(template, tuple(sorted(missing)), tuple(sorted(extra))),
            )
        )
    return min(candidates, key=lambda candidate: candidate[0])[1] if candidates else None


def bond_parameters(molecule: Molecule, types: list[str]) -> Parameters:
    """Equilibrium lengths and their standard deviations √(kT/k), Å, of the bonds of a molecule.

    ``types`` [n_atoms] are those of :class:`Template`, empty where unknown.
    """
    return _look_up(molecule.bonds, types, _library()[1])


def angle_parameters(molecule: Molecule, types: list[str]) -> Parameters:
    """As :func:`bond_parameters`, of the angles of a molecule, degrees."""
    return _look_up(molecule.angles, types, _library()[1])


def _look_up(
    terms: IntArray, types: list[str], table: dict[tuple[str, ...], tuple[float, float]]
) -> Parameters:
    unknown = (np.nan, np.nan)
    found = [table.get(tuple(types[atom] for atom in term), unknown) for term in terms.tolist()]
    mean, spread = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return Parameters(mean, spread)


@cache
def _library() -> tuple[dict[str, list[Template]], dict[tuple[str, ...], tuple[float, float]]]:
    """Templates by the name of the residue in the PDB; mean and spread by the types of two or three atoms."""
    spec = find_spec("openmm")  # the package itself takes a second to import
    assert spec is not None and spec.submodule_search_locations
    root = ElementTree.parse(Path(spec.submodule_search_locations[0]) / FILE).getroot()
    is_hydrogen = {kind.attrib["name"]: kind.attrib["element"] == "H" for kind in root.iter("Type")}
    templates: dict[str, list[Template]] = {}
    for residue in root.iter("Residue"):
        name = residue.attrib["name"]
        standard = standard_residue(name)
        types = {
            standard_atom(standard, atom.attrib["name"]): atom.attrib["type"] for atom in residue.iter("Atom")
        }
        templates.setdefault(standard, []).append(
            Template(
                name,
                types,
                frozenset(atom for atom, kind in types.items() if is_hydrogen[kind]),
                frozenset(
                    standard_atom(standard, bond.attrib["atomName"]) for bond in residue.iter("ExternalBond")
                ),
            )
        )
    for known in templates.values():
        # Behind the charged ends, which are preferred if there are no hydrogens.
        known += [neutral for template in known for neutral in _neutral_ends(template)]
    parameters: dict[tuple[str, ...], tuple[float, float]] = {}
    for path, keys, value, unit in (
        ("HarmonicBondForce/Bond", ("type1", "type2"), "length", ANGSTROM_PER_NM),
        ("HarmonicAngleForce/Angle", ("type1", "type2", "type3"), "angle", np.degrees(1.0)),
    ):
        for term in root.iterfind(path):
            kinds = tuple(term.attrib[key] for key in keys)
            # E = k (x − x0)² / 2, so that x has the variance kT / k.
            spread = np.sqrt(KT / float(term.attrib["k"]))
            parameters[kinds] = parameters[kinds[::-1]] = (unit * float(term.attrib[value]), unit * spread)
    return templates, parameters


def _neutral_ends(template: Template) -> Iterator[Template]:
    """Yield the neutral form, with the names of the PDB, of the charged end of a chain."""
    types, hydrogens = template.types, template.hydrogens
    if not types.keys() >= {"N", "CA", "C"}:
        return
    if {"H2", "H3"} <= types.keys():
        # Proline has H2 and H3, others have H as well.
        kept = {"H", "H2"} if "H" in types else {"H"}
        others = {name: kind for name, kind in types.items() if name not in ("H", "H2", "H3")}
        yield replace(
            template,
            types=others | dict.fromkeys(sorted(kept), types["H2"]),
            hydrogens=hydrogens - {"H", "H2", "H3"} | kept,
            is_neutral_end=True,
        )
    if "OXT" in types:
        yield replace(template, types=types | CARBOXYL, hydrogens=hydrogens | {"HXT"}, is_neutral_end=True)
