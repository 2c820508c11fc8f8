"""Targets of a refinement: the local geometry of training frames with similar torsions.

A molecule consists of rigid units, which bonds with soft torsions connect: atoms with their neighbours,
joined by rings and by bonds about which torsions hardly vary. Every unit of a sample takes bond lengths,
angles, stiff torsions and volumes from one training frame, so that they are consistent: from the frame
whose soft torsions at this unit are most similar. All other 1-4 distances stay within the range of the
training frames.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx
import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from cgbench.chem.molecule import IntArray
from cgbench.nn.internal_coordinates import pair_vectors, torsions, volumes
from cgbench.nn.restraints import Restraints

LEAST_FRAMES = 10  # fewer do not show which torsions are stiff
MAX_RING = 7  # atoms; torsions in larger rings can turn
LEAST_SPREAD = 0.02  # Å; constrained bonds would have an infinite weight
LEAST_STRAINED_SPREAD = 0.01  # Å, of molecules with few atoms per bead
FEW_ATOMS = 3  # per bead
LEAST_VOLUME_SPREAD = 0.1  # Å³
SOFT_SPREAD = 0.1  # Å, of soft 1-4 distances beyond their range
CHUNK = 4096  # pairs or volumes measured at once


@dataclass(frozen=True)
class Targets:
    """Targets of a batch of geometries, for the pairs and corners of :class:`TargetFrames`.

    Attributes
    ----------
    least, most : [n_pairs, batch]
        Range of each distance, Å; equal where there is a target.
    volumes : [n_volumes, batch]
        Å³.
    """

    least: Tensor
    most: Tensor
    volumes: Tensor


class TargetFrames:
    """Local geometries of training frames, by unit.

    Parameters
    ----------
    restraints
        Measured training frames.
    least_spread
        Lower limit of the standard deviation of distances, Å.

    Attributes
    ----------
    pairs : int [2, n_pairs]
        Bonds, 1-3 pairs, 1-4 pairs with stiff torsions, and all other 1-4 pairs, in this order.
    corners : int [n_volumes, 4]
        Centres, and atoms of stiff torsions.
    pair_weights, volume_weights : [n_pairs], [n_volumes]
        Inverse variances in the training frames, Å⁻² and Å⁻⁶.
    """

    def __init__(self, restraints: Restraints, least_spread: float = LEAST_SPREAD) -> None:
        self.restraints, self.least_spread = restraints, least_spread
        self.device = restraints.frames.device
        x = restraints.frames.permute(1, 2, 0).contiguous()
        quads = restraints.quads.cpu().numpy()
        is_stiff = restraints.torsion_spread.cpu().numpy() < restraints.stiff_spread
        is_stiff &= x.shape[2] >= LEAST_FRAMES
        stiff_bonds = {(b, c) for b, c in quads[is_stiff, 1:3].tolist()}
        self.unit = _units(restraints.graph, stiff_bonds)
        self.n_units = int(self.unit.max(initial=-1)) + 1
        self.known_torsions = torsions(x, restraints.quads)
        soft = np.flatnonzero(~is_stiff)
        # A torsion belongs to the units at both ends of its bond, once if they are the same.
        ends = np.stack((self.unit[quads[soft, 1:3]], np.stack((soft, soft), axis=1)), axis=-1)
        belongs = np.unique(ends.reshape(-1, 2), axis=0)
        starts = np.searchsorted(belongs[:, 0], np.arange(1, self.n_units))
        self.soft_torsions = [self._index(part) for part in np.split(belongs[:, 1], starts)]
        self._order_pairs(x, stiff_bonds)
        self._order_volumes(x, is_stiff)

    def _index(self, indices: ArrayLike) -> Tensor:
        return torch.as_tensor(np.asarray(indices, dtype=np.int64), device=self.device)

    def _order_pairs(self, x: Tensor, stiff_bonds: set[tuple[int, int]]) -> None:
        restraints, unit = self.restraints, self.unit
        near = {atom: set(others) for atom, others in restraints.graph.adjacency()}
        pairs, between = restraints.pairs.cpu().numpy(), restraints.bonds_between.cpu().numpy()
        bonds, angles, torsional = (np.flatnonzero(between == length) for length in (1, 2, 3))
        self.bond_number = {(i, j): k for k, (i, j) in enumerate(pairs[:, bonds].T.tolist())}
        # A bond between two units is taken from the larger one.
        size = np.bincount(unit)
        ends = unit[pairs[:, bonds]]
        bond_units = np.where(size[ends[0]] >= size[ends[1]], *ends)
        middles = [min(near[i] & near[k]) for i, k in pairs[:, angles].T.tolist()]
        legs = [
            (self._bond(i, j), self._bond(j, k))
            for (i, k), j in zip(pairs[:, angles].T.tolist(), middles, strict=True)
        ]
        inner = [_inner_bond(near, i, j) for i, j in pairs[:, torsional].T.tolist()]
        held = np.array([bond in stiff_bonds for bond in inner], dtype=bool)
        stiff, free = torsional[held], torsional[~held]
        stiff_units = [unit[bond[0]] for bond, kept in zip(inner, held, strict=True) if kept]
        order = self._index(np.concatenate((bonds, angles, stiff, free)))
        self.pairs = restraints.pairs[:, order]
        self.n_bonds, self.n_angles, self.n_stiff = len(bonds), len(angles), len(stiff)
        self.bond_units, self.stiff_units = self._index(bond_units), self._index(stiff_units)
        self.angle_units = self._index(unit[middles] if middles else [])
        self.legs = self._index(legs).reshape(-1, 2).T
        lengths = torch.cat([pair_vectors(x, part)[1] for part in self.pairs.split(CHUNK, dim=1)])
        self.known_bonds, ends_apart, self.known_stiff, _ = lengths.split(
            (len(bonds), len(angles), len(stiff), len(free))
        )
        a, b = self.known_bonds[self.legs]
        self.known_cosines = (a.square() + b.square() - ends_apart.square()) / (2 * a * b)
        last = order[len(order) - len(free) :]
        self.free_range = restraints.least[last], restraints.most[last]
        spread = restraints.spread[order].clamp_min(self.least_spread)
        spread[len(order) - len(free) :] = SOFT_SPREAD
        self.pair_weights = spread.square().reciprocal()

    def _bond(self, i: int, j: int) -> int:
        return self.bond_number[min(i, j), max(i, j)]

    def _order_volumes(self, x: Tensor, is_stiff: np.ndarray) -> None:
        restraints = self.restraints
        centres = restraints.centres.cpu().numpy()
        stiff = self._index(np.flatnonzero(is_stiff))
        self.n_centres = len(centres)
        self.corners = torch.cat((restraints.centres, restraints.quads[stiff]))
        self.volume_units = self._index(self.unit)[self.corners[:, 1]]
        self.volume_units[: self.n_centres] = self._index(self.unit)[self.corners[: self.n_centres, 0]]
        edges = [[self._bond(centre, end) for end in near] for centre, *near in centres.tolist()]
        self.edges = self._index(edges).reshape(-1, 3)
        known, slopes = zip(*(_measured(x, part) for part in self.corners.split(CHUNK)), strict=True)
        self.known_volumes = torch.cat(known)
        # Relative to the product of the bond lengths.
        self.known_volumes[: self.n_centres] /= self.known_bonds[self.edges].prod(1)
        spread = restraints.volume_spread[
            torch.cat((torch.arange(self.n_centres).to(stiff), self.n_centres + stiff))
        ]
        self.volume_weights = spread.clamp_min(LEAST_VOLUME_SPREAD).square().reciprocal()
        self.volume_stiffness = self.volume_weights[:, None] * torch.cat(slopes)

    def nearest(self, positions: Tensor, number: Tensor) -> Tensor:
        """Choose a training frame for every unit of geometries.

        Parameters
        ----------
        positions : [n_atoms, 3, batch]
            Å.
        number : int [batch]
            Numbers of the geometries; a unit without soft torsions takes all frames in turn.

        Returns
        -------
        int [n_units, batch]
        """
        own = torsions(positions, self.restraints.quads)
        n_frames = self.known_torsions.shape[2]
        chosen = (number + torch.arange(self.n_units, device=self.device)[:, None]) % n_frames
        for unit, index in enumerate(self.soft_torsions):
            if len(index):
                known = self.known_torsions[index].flatten(0, 1)
                chosen[unit] = (known.T @ own[index].flatten(0, 1)).argmax(0)
        return chosen

    def targets(self, chosen: Tensor) -> Targets:
        """Return the targets from the chosen frames int [n_units, batch]."""
        bonds = self.known_bonds.gather(1, chosen[self.bond_units])
        cosines = self.known_cosines.gather(1, chosen[self.angle_units])
        a, b = bonds[self.legs]
        angles = (a.square() + b.square() - 2 * a * b * cosines).clamp_min(0).sqrt()
        stiff = self.known_stiff.gather(1, chosen[self.stiff_units])
        signed = self.known_volumes.gather(1, chosen[self.volume_units])
        signed[: self.n_centres] *= bonds[self.edges].prod(1)
        least, most = (bound[:, None].expand(-1, chosen.shape[1]) for bound in self.free_range)
        fixed = torch.cat((bonds, angles, stiff))
        return Targets(torch.cat((fixed, least)), torch.cat((fixed, most)), signed)


def least_spread(n_atoms: int, n_beads: int) -> float:
    """Lower limit of the standard deviation of distances, Å.

    A bead with few atoms leaves them little room, so that the bonds to other beads are strained, and those
    that the simulation constrains have to be held firmly. With more atoms per bead they are not strained, and
    the minimisation would only converge slowly.
    """
    return LEAST_STRAINED_SPREAD if n_atoms < FEW_ATOMS * n_beads else LEAST_SPREAD


def _measured(x: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Volumes [n, n_frames] of corners [n, 4], and mean squares [n, 4] of their gradients."""
    known, gradients = volumes(x, corners)
    return known, gradients.square().sum(2).mean(2)


def _units(graph: "nx.Graph[int]", stiff_bonds: Iterable[tuple[int, int]]) -> IntArray:
    """Rigid unit [n_atoms] of each atom."""
    near = {atom: set(others) for atom, others in graph.adjacency()}
    joined = nx.Graph()
    joined.add_nodes_from(graph)
    joined.add_edges_from(stiff_bonds)
    for b, c in graph.edges:
        if min(len(near[b]), len(near[c])) == 1 or _in_small_ring(near, b, c):
            joined.add_edge(b, c)
    unit = np.zeros(len(graph), dtype=np.int64)
    for number, atoms in enumerate(nx.connected_components(joined)):
        unit[list(atoms)] = number
    return unit


def _in_small_ring(near: dict[int, set[int]], b: int, c: int) -> bool:
    """Whether another path of a few bonds leads from one end of a bond to the other."""
    reached, front = {b}, near[b] - {c}
    for _ in range(MAX_RING - 2):
        if c in front:
            return True
        reached |= front
        front = set().union(*(near[atom] for atom in front)) - reached
    return c in front


def _inner_bond(near: dict[int, set[int]], a: int, d: int) -> tuple[int, int]:
    """Middle bond of the path of three bonds between two atoms, the smaller index first."""
    bonds = ((min(b, c), max(b, c)) for b in near[a] for c in near[d] & near[b])
    return min(bonds)
