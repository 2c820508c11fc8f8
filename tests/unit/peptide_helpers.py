"""Peptides with planted faults, and values of metrics."""

from dataclasses import replace

import networkx as nx
import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core import registry
from cgbench.core.settings import parse_settings
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure


def built(sequence, folder):
    """Molecule and geometry [n_atoms, 3] of a capped peptide with all hydrogens, from PeptideBuilder."""
    path = folder / "start.pdb"
    starts = [{"kind": "torsions", "phi": -75, "psi": 65}]
    values = {"title": "test", "sequence": sequence, "walkers": 1, "starts": starts, "frames_per_walker": 1}
    build_structure(parse_settings(Recipe, values, "recipe"), path)
    return read_topology(path), load_trajectory(path, path).positions[0]


def evaluation(reference, samples, molecule):
    """Frames [n_frames, n_atoms, 3] with samples [n_frames, n_samples, n_atoms, 3]."""
    reference, samples = (np.asarray(each, dtype=np.float32) for each in (reference, samples))
    one_bead = Mapping.centres(np.zeros(molecule.n_atoms, dtype=np.int64))
    return Evaluation(reference, reference, samples, molecule, one_bead)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def applies(name, molecule):
    return registry.load("metrics", name)().applies(molecule)


def atom(molecule, label):
    """Index of the atom with a label such as ``THR7 CB``, with residues counted from 1."""
    return [molecule.label(index) for index in range(molecule.n_atoms)].index(label)


def beyond(molecule, start, end):
    """Atoms on the side of ``end`` of a bond that is in no ring."""
    graph = nx.Graph(molecule.graph)
    graph.remove_edge(start, end)
    return sorted(nx.node_connected_component(graph, end) - {end})


def turned(positions, molecule, start, end, degrees):
    """Geometries [..., n_atoms, 3] with everything beyond a bond turned about it."""
    moving = beyond(molecule, start, end)
    axis = positions[..., end, :] - positions[..., start, :]
    axis = (axis / np.linalg.norm(axis, axis=-1, keepdims=True))[..., None, :]
    arms = positions[..., moving, :] - positions[..., end, None, :]
    turn = np.radians(degrees)
    along = (arms * axis).sum(axis=-1, keepdims=True) * axis
    changed = positions.copy()
    rotated = along + np.cos(turn) * (arms - along) + np.sin(turn) * np.cross(axis, arms)
    changed[..., moving, :] = positions[..., end, None, :] + rotated
    return changed


def moved(positions):
    """Geometries after a rotation and a translation."""
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    return positions @ rotation.T + np.array([2.0, -1.0, 3.0])


def reordered(molecule, order):
    """Molecule whose atom i is the old atom ``order[i]``."""
    bonds = np.sort(np.argsort(order)[molecule.bonds], axis=1)
    return replace(
        molecule,
        elements=tuple(molecule.elements[index] for index in order),
        atom_names=tuple(molecule.atom_names[index] for index in order),
        residue_names=tuple(molecule.residue_names[index] for index in order),
        residue_index=molecule.residue_index[order],
        masses=molecule.masses[order],
        bonds=bonds[np.lexsort(bonds.T[::-1])],
    )


def molecule_of(elements, bonds, names=None, residues=None):
    """Molecule of elements, such as ``"CCO"``, and bonds."""
    n_atoms = len(elements)
    return Molecule(
        elements=tuple(elements),
        atom_names=tuple(names or (f"{element}{index}" for index, element in enumerate(elements))),
        residue_names=("LIG",) * n_atoms,
        residue_index=np.array(residues or [0] * n_atoms, dtype=np.int64),
        masses=np.ones(n_atoms),
        bonds=np.array(sorted(map(sorted, bonds)), dtype=np.int64).reshape(-1, 2),
    )
