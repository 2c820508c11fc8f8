"""Nearest-neighbour control: training frames with similar beads, superposed on the beads to be backmapped.

x = R x_train + t. Similarity is the RMSD of the beads after superposition, weighted by the number of atoms
per bead. It is invariant under rotation and translation, but not under reflection. A generative model
generalises only as far as it scores better than this lookup. The lookup also measures leakage, because it
finds training frames that are close in time to test frames. One or two beads define no orientation; it is
drawn at random in this case.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cgbench.chem.superposition import centred, nearest_shapes, rotations
from cgbench.core.settings import Settings
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext


class NearestFrameSettings(Settings):
    """Settings of the nearest-neighbour control.

    Attributes
    ----------
    neighbours
        Number of nearest training frames to sample from, without repetition while there are enough.
    """

    neighbours: Annotated[int, Field(ge=1)] = 16


class Method(BackmappingMethod):
    """x = R x_train + t by superposition of the beads, then shifted bead by bead so that M x = X."""

    Settings = NearestFrameSettings
    stochastic = True
    equivariance = "SE(3)"
    reference = "nearest-neighbour resampling"
    arrays = ("frames",)
    settings: NearestFrameSettings

    frames: NDArray[np.float32]  # [n_frames, n_atoms, 3], Å

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Store the training frames in random order, so that the order in time does not break ties."""
        order = np.random.default_rng(context.seed).permutation(len(train))
        self.frames = train[order].astype(np.float32)

    def reconstruct(self, positions: Positions) -> Positions:
        """Return the nearest training frame for the beads of each frame [n_frames, n_atoms, 3]."""
        beads = self.mapping.beads(positions)
        return self._superpose(beads, self._nearest(beads, 1), np.random.default_rng(0))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Draw from the nearest frames: [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]."""
        generator = np.random.default_rng(seed)
        nearest = self._nearest(beads, self.settings.neighbours)
        rounds = -(-n_samples // nearest.shape[1])
        drawn = np.concatenate([generator.permuted(nearest, axis=1) for _ in range(rounds)], axis=1)
        return self._superpose(beads, drawn[:, :n_samples], generator)

    def _nearest(self, beads: Positions, k: int) -> NDArray[np.int64]:
        known = self.mapping.beads(self.frames.astype(np.float64))
        return nearest_shapes(beads, known, self.mapping.shares, min(k, len(known)))[0]

    def _superpose(
        self, beads: Positions, index: NDArray[np.int64], generator: np.random.Generator
    ) -> Positions:
        target_beads = np.repeat(beads[:, None].astype(np.float64), index.shape[1], axis=1)
        atoms = self.frames[index].astype(np.float64)
        mobile, target = (
            centred(each, self.mapping.shares) for each in (self.mapping.beads(atoms), target_beads)
        )
        rotated = atoms @ np.swapaxes(rotations(mobile, target, self.mapping.shares, generator), -1, -2)
        return self.mapping.project(rotated, target_beads).astype(beads.dtype)
