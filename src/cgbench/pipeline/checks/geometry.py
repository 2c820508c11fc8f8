"""Bonds, angles, chirality, peptide bonds and planar groups of a structure."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_completion import USUAL
from cgbench.chem.geometry import bond_angles, chiral_volumes, out_of_plane, pair_distances
from cgbench.chem.molecule import IntArray
from cgbench.chem.peptide_groups import omega, omega_atoms, peptide_groups, twist
from cgbench.chem.residue_templates import Parameters, angle_parameters, bond_parameters
from cgbench.chem.rings import planar_rings
from cgbench.metrics.chirality import MIN_VOLUME
from cgbench.metrics.omega import MOST_CIS
from cgbench.pipeline.checks.reference import Reference
from cgbench.pipeline.checks.structure import Structure
from cgbench.pipeline.checks.terms import Floats, Terms

# docs/check.md has the source of every threshold, and the largest values of the bundled trajectories.
MOST_SPREADS = 6.0  # standard deviations of a bond length or angle
MOST_TWIST = 50.0  # degrees
MOST_OUT_OF_PLANE = {"peptide_planarity": 0.35, "ring_planarity": 0.15}  # Å


def geometry_terms(structure: Structure, reference: Reference | None) -> list[Terms]:
    """List the checks of single groups of atoms, whose values every frame has."""
    molecule = structure.molecule
    omegas, rings = omega_atoms(molecule), planar_rings(molecule)
    proline = [
        structure.names[atom] == "CA" and _is_proline(structure, atom) for atom in omegas[:, 3].tolist()
    ]
    may_be_cis = np.array(proline, dtype=bool) | _cis_in(reference, omegas)
    must_be_trans = omegas[~may_be_cis]
    return [
        _bonds(structure, reference),
        _angles(structure, reference),
        _chirality("chirality", molecule.chiral_centres, reference),
        _chirality("beta_chirality", molecule.chiral_beta_carbons, reference),
        Terms(
            "cis_peptides",
            "°",
            must_be_trans,
            lambda positions: np.abs(omega(positions, molecule)[:, ~may_be_cis]),
            low=MOST_CIS,
        ),
        Terms(
            "twisted_peptides",
            "°",
            omegas,
            lambda positions: twist(omega(positions, molecule)),
            high=MOST_TWIST,
        ),
        *(
            Terms(check, "Å", groups, partial(out_of_plane, groups=groups), high=MOST_OUT_OF_PLANE[check])
            for check, groups in (("peptide_planarity", peptide_groups(molecule)), ("ring_planarity", rings))
        ),
    ]


def disulfide_terms(structure: Structure, reference: Reference | None) -> Terms:
    """Check the lengths of S–S bonds."""
    lengths, bonds = _bonds(structure, reference), structure.molecule.bonds
    chosen = (np.array(structure.molecule.elements)[bonds] == "S").all(axis=1)
    low, high, scale = (each[chosen] for each in (lengths.low, lengths.high, lengths.scale))
    measure = partial(pair_distances, pairs=bonds[chosen])
    return Terms("disulfides", "Å", bonds[chosen], measure, low, high, scale)


def _bonds(structure: Structure, reference: Reference | None) -> Terms:
    molecule = structure.molecule
    expected = bond_parameters(molecule, structure.types)
    if reference:
        expected = reference.parameters(expected, molecule.bonds, pair_distances)
    low, high, scale = _range(expected)
    # Without parameters, the bond rule decides.
    radii = molecule.covalent_radii[molecule.bonds].sum(axis=1)
    unknown = np.isnan(expected.mean)
    low, high = np.where(unknown, USUAL[0] * radii, low), np.where(unknown, USUAL[1] * radii, high)
    scale = np.where(unknown, radii, scale)
    measure = partial(pair_distances, pairs=molecule.bonds)
    return Terms("bonds", "Å", molecule.bonds, measure, low, high, scale)


def _angles(structure: Structure, reference: Reference | None) -> Terms:
    expected = angle_parameters(structure.molecule, structure.types)
    if reference:
        expected = reference.parameters(expected, structure.molecule.angles, bond_angles)
    known = ~np.isnan(expected.mean)
    angles = structure.molecule.angles[known]
    low, high, scale = (values[known] for values in _range(expected))
    return Terms("angles", "°", angles, partial(bond_angles, triples=angles), low, high, scale)


def _range(expected: Parameters) -> tuple[Floats, Floats, Floats]:
    width = MOST_SPREADS * expected.spread
    return expected.mean - width, expected.mean + width, expected.spread


def _chirality(check: str, centres: IntArray, reference: Reference | None) -> Terms:
    sign = np.ones(len(centres)) if reference is None else reference.signs(centres)
    low, high = np.where(sign > 0, MIN_VOLUME, -np.inf), np.where(sign > 0, np.inf, -MIN_VOLUME)
    return Terms(check, "Å³", centres, partial(chiral_volumes, centres=centres), low, high)


def _cis_in(reference: Reference | None, omegas: IntArray) -> NDArray[np.bool_]:
    return np.zeros(len(omegas), dtype=bool) if reference is None else reference.cis(omegas)


def _is_proline(structure: Structure, atom: int) -> bool:
    """Whether the residue of a Cα has no hydrogen on N, because N is in a ring."""
    nitrogen = [other for other in structure.molecule.graph[atom] if structure.names[other] == "N"]
    return bool(nitrogen) and any(
        structure.names[other] == "CD" for other in structure.molecule.graph[nitrogen[0]]
    )
