"""Names, missing atoms, ends of chains and cysteines of a structure, which do not depend on the frame."""

from collections import Counter

import numpy as np

from cgbench.chem.atom_names import standard_atom, standard_residue
from cgbench.pipeline.checks.reference import Reference
from cgbench.pipeline.checks.structure import Structure
from cgbench.pipeline.checks.terms import Finding


def composition(structure: Structure, reference: Reference | None) -> dict[str, tuple[int, list[Finding]]]:
    """Count what each check examines, and find the faults."""
    cysteines = [atom for atom, name in enumerate(structure.names) if name == "SG"]
    n_residues = len(structure.residues)
    return {
        "names": (structure.molecule.n_atoms, _names(structure, reference)),
        "missing_atoms": (n_residues, _missing_atoms(structure)),
        "termini": (n_residues, _termini(structure)),
        "disulfides": (len(cysteines), _cysteines(structure, cysteines)),
    }


def _names(structure: Structure, reference: Reference | None) -> list[Finding]:
    """Find residues without a template, atoms that their template lacks, and names that occur twice."""
    known = {
        (standard_residue(label.residue), standard_atom(standard_residue(label.residue), label.atom))
        for label in (reference.labels if reference else ())
    }
    findings = []
    for atoms, match in zip(structure.residues, structure.matches, strict=True):
        residue = standard_residue(structure.labels[atoms[0]].residue)
        strange = [
            atom
            for atom in atoms
            if (match is None or structure.names[atom] in match.extra)
            and (residue, structure.names[atom]) not in known
        ]
        if match is None and strange:
            findings.append(
                _fault("names", strange[0], f"{structure.residue(atoms[0])} is no standard residue")
            )
        else:
            findings += [
                _fault("names", atom, f"{structure.place([atom])} is no standard name") for atom in strange
            ]
        counts = Counter(structure.names[atom] for atom in atoms)
        findings += [
            _fault("names", atom, f"{structure.place([atom])} occurs {counts[structure.names[atom]]} times")
            for atom in atoms
            if counts[structure.names[atom]] > 1
        ]
    return findings


def _missing_atoms(structure: Structure) -> list[Finding]:
    return [
        _fault("missing_atoms", atoms[0], f"{structure.residue(atoms[0])} lacks {', '.join(match.missing)}")
        for atoms, match in zip(structure.residues, structure.matches, strict=True)
        if match and match.missing
    ]


def _termini(structure: Structure) -> list[Finding]:
    """Find ends of chains with neither an end, charged or neutral, nor a cap: a gap, or a cut.

    A backbone N that no C of another residue is bonded to needs two hydrogens, in proline one, and a C
    without N needs two O.
    """
    graph, elements = structure.molecule.graph, structure.molecule.elements
    residue_index = structure.molecule.residue_index
    findings = []
    for atoms in structure.residues:
        names = {structure.names[atom]: atom for atom in atoms}
        if not names.keys() >= {"N", "CA", "C"}:
            continue  # caps
        for name, other, needed, what in (("N", "C", "H", "hydrogens"), ("C", "N", "O", "oxygens")):
            end = names[name]
            is_linked = any(
                elements[atom] == other and residue_index[atom] != residue_index[end] for atom in graph[end]
            )
            n_found = sum(elements[atom] == needed for atom in graph[end])
            in_ring = any(structure.names[atom] == "CD" for atom in graph[end])
            n_needed = 1 if in_ring else 2
            if not is_linked and n_found < n_needed and (needed == "O" or structure.has_hydrogens):
                text = f"{structure.residue(end)} ends a chain: {name} has {n_found} of {n_needed} {what}"
                findings.append(_fault("termini", end, f"{text}, no cap"))
    return findings


def _cysteines(structure: Structure, sulphurs: list[int]) -> list[Finding]:
    """Find sulphurs that lack both a hydrogen and a bridge, or have too many bonds.

    Thiolates are named CYM.
    """
    graph, elements = structure.molecule.graph, structure.molecule.elements
    findings = []
    for atom in sulphurs:
        partners = Counter(elements[other] for other in graph[atom])
        n_ends = partners["H"] + partners["S"]
        if n_ends > 1:
            text = f"{structure.place([atom])} has {partners['S']} bridges and {partners['H']} hydrogens"
        elif not n_ends and structure.has_hydrogens and structure.labels[atom].residue != "CYM":
            text = f"{structure.place([atom])} has neither HG nor a bridge"
        else:
            continue
        findings.append(_fault("disulfides", atom, text))
    return findings


def _fault(check: str, atom: int, text: str) -> Finding:
    return Finding(check, (atom,), low=np.nan, high=np.nan, text=text)
