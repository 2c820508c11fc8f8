"""What the arrangement of beads was in training frames, which other beads are compared with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cgbench.chem.molecule import IntArray
from cgbench.chem.superposition import nearest_shapes
from cgbench.data.splits import evenly

# Near beads of each bead: distances to all of these are measured, and volumes with the nearest of them.
NEAR, NEAREST = 8, 5
# Margin around the ranges, relative to their width and to the values, because other frames of the same
# simulation exceed the ranges. Of 1,000 test frames of the bundled trajectories, hardly any exceeds them.
WIDTH_MARGIN, VALUE_MARGIN = 0.5, 0.05
FRAMES_AT_ONCE, FRAMES_KEPT = 512, 500


@dataclass(frozen=True)
class BeadRanges:
    """Ranges, over training frames, of values that describe the arrangement of the beads.

    The values are the radius of gyration of the beads, the distances of near and of consecutive beads, and
    signed volumes of tetrahedra of near beads, which change sign in a mirror image. Their number is
    proportional to that of the beads.

    Attributes
    ----------
    pairs : int [n_pairs, 2]
        Beads of each distance.
    tetrahedra : int [n_tetrahedra, 4]
        Beads of each volume.
    low, high : float [1 + n_pairs + n_tetrahedra]
        Smallest and largest radius of gyration (Å), distances (Å) and volumes (Å³).
    frames : float32 [n, n_beads, 3]
        At most 500 of the training frames, Å.
    """

    pairs: IntArray
    tetrahedra: IntArray
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    frames: NDArray[np.float32]

    @classmethod
    def of(cls, beads: NDArray[np.floating]) -> Self:
        """Measure training beads [n_frames, n_beads, 3], Å; near beads are those of the first frame."""
        n_beads = beads.shape[1]
        _, found = cKDTree(beads[0]).query(beads[0], k=range(1, min(n_beads, NEAR + 1) + 1))
        near = [[other for other in row if other != bead] for bead, row in enumerate(found.tolist())]
        pairs = {tuple(sorted((bead, other))) for bead, others in enumerate(near) for other in others}
        pairs |= {(bead, bead + 1) for bead in range(n_beads - 1)}
        tetrahedra = {
            tuple(sorted((bead, *others)))
            for bead in range(n_beads)
            for others in combinations(near[bead][:NEAREST], 3)
        }
        measured = cls(
            np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2),
            np.array(sorted(tetrahedra), dtype=np.int64).reshape(-1, 4),
            np.empty(0),
            np.empty(0),
            beads[evenly(np.arange(len(beads)), FRAMES_KEPT)].astype(np.float32),
        )
        ranges = [(values.min(axis=0), values.max(axis=0)) for values in measured._chunks(beads)]
        low, high = (np.array(part) for part in zip(*ranges, strict=True))
        return replace(measured, low=low.min(axis=0), high=high.max(axis=0))

    def values(self, beads: NDArray[np.floating]) -> NDArray[np.float64]:
        """Radius of gyration, distances and volumes [n_frames, 1 + n_pairs + n_tetrahedra] of beads, Å."""
        centred = beads.astype(np.float64)
        centred -= centred.mean(axis=1, keepdims=True)
        gyration = np.sqrt((centred**2).sum(axis=-1).mean(axis=-1, keepdims=True))
        first, second = (centred[:, column] for column in self.pairs.T)
        distances = np.linalg.norm(second - first, axis=-1)
        corner, *others = (centred[:, column] for column in self.tetrahedra.T)
        a, b, c = (other - corner for other in others)
        volumes = np.einsum("ftk,ftk->ft", np.cross(a, b), c) / 6
        return np.concatenate([gyration, distances, volumes], axis=1)

    def outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which values [..., 1 + n_pairs + n_tetrahedra] are outside the ranges and their margins."""
        margin = WIDTH_MARGIN * (self.high - self.low)
        margin += VALUE_MARGIN * np.maximum(np.abs(self.low), np.abs(self.high))
        return np.asarray((values < self.low - margin) | (values > self.high + margin))

    def unlike(self, beads: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which frames [n_frames] of beads [n_frames, n_beads, 3], Å, have a value outside the ranges."""
        return np.concatenate([self.outside(values).any(axis=1) for values in self._chunks(beads)])

    def distance(self, beads: NDArray[np.floating]) -> float:
        """Mean RMSD of beads [n_frames, n_beads, 3], Å, from the nearest of the training frames kept, Å."""
        weights = np.full(beads.shape[1], 1 / beads.shape[1])
        shapes, known = beads.astype(np.float64), self.frames.astype(np.float64)
        return float(nearest_shapes(shapes, known, weights, 1)[1].mean())

    def _chunks(self, beads: NDArray[np.floating]) -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(beads), FRAMES_AT_ONCE):
            yield self.values(beads[start : start + FRAMES_AT_ONCE])
