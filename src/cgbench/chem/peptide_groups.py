"""Peptide bonds and the atoms around them: the torsion ω, and the atoms that lie in a plane."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import Array, dihedrals
from cgbench.chem.molecule import IntArray, Molecule

Degrees = TypeVar("Degrees", float, NDArray[np.floating])


def omega_atoms(molecule: Molecule) -> IntArray:
    """Atoms [n_bonds, 4] of ω of every peptide bond: CA, C, N and the next CA.

    A peptide bond joins the carbon of a C=O to a nitrogen of another residue: bonds of caps and bonds before
    proline are included, side chains of Asn and Gln are not. The bond graph decides; names only tell CA from
    CD of proline. A bond without a further carbon on both sides (formyl, NH2) has no ω.
    """
    graph, elements = molecule.graph, molecule.elements

    def is_carbonyl(atom: int) -> bool:
        oxygens = [other for other in graph[atom] if elements[other] == "O" and graph.degree[other] == 1]
        return elements[atom] == "C" and graph.degree[atom] == 3 and len(oxygens) == 1

    def next_carbon(atom: int, but: int) -> list[int]:
        carbons = [other for other in graph[atom] if other != but and elements[other] == "C"]
        return sorted(carbons, key=lambda other: (molecule.atom_names[other] != "CA", other))[:1]

    quads = []
    for bond in molecule.bonds.tolist():
        for c, n in (bond, bond[::-1]):
            between = molecule.residue_index[c] != molecule.residue_index[n]
            if elements[n] == "N" and between and is_carbonyl(c):
                quad = [*next_carbon(c, n), c, n, *next_carbon(n, c)]
                if len(quad) == 4:
                    quads.append(quad)
    return np.array(quads, dtype=np.int64).reshape(-1, 4)


def peptide_groups(molecule: Molecule) -> tuple[IntArray, ...]:
    """Atoms of each peptide group, in the order of :func:`omega_atoms`: C, N and all that are bonded to them.

    These are CA, C, O, N, H (CD in proline) and the next CA.
    """
    neighbours = molecule.graph.adj
    return tuple(np.array(sorted({*neighbours[c], *neighbours[n]})) for _, c, n, _ in omega_atoms(molecule))


def omega(positions: Array, molecule: Molecule) -> Array:
    """Torsions ω [..., n_bonds] of positions [..., n_atoms, 3], −180 to 180 degrees; near 0 is cis."""
    return dihedrals(positions, omega_atoms(molecule))


def twist(angles: Degrees) -> Degrees:
    """Deviation of torsions ω, degrees, from the nearest of 0 and ±180: 0 to 90 degrees."""
    return 90.0 - abs(abs(angles) - 90.0)
