"""Control: training frames with nearly the same beads, superposed on the beads they are wanted for.

Resampling of what was seen: no model, all of its memory. Whatever a generative method claims to have
learned beyond its training frames it must show against this one. Where test frames have neighbours in
time among the training frames, this method finds them, so that its score also tells what a leak is worth.

Near means a small RMSD of the beads after superposition, each bead counted with its number of atoms;
this is invariant under rotation and translation, and mirror images are far. One or two beads define
no orientation: it is drawn at random then.
"""

from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from cgbench.chem.superposition import centred, nearest_shapes, rotations
from cgbench.core.settings import Settings
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext


class NearestFrameSettings(Settings):
    """Settings of the nearest-frame resampler.

    Attributes
    ----------
    neighbours
        Training frames that samples are drawn from, without repetition as long as there are enough.
    """

    neighbours: Annotated[int, Field(ge=1)] = 8


class Method(BackmappingMethod):
    """x = R x_train + t by superposition of the beads, then shifted bead by bead so that M x = X."""

    Settings = NearestFrameSettings
    stochastic = True
    equivariance = "SE(3)"
    reference = "nearest-neighbour resampling"
    settings: NearestFrameSettings

    frames: NDArray[np.float32]

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Keep the training frames, shuffled, so that ties are broken by chance and not by time."""
        order = np.random.default_rng(context.seed).permutation(len(train))
        self.frames = train[order].astype(np.float32)

    def reconstruct(self, positions: Positions) -> Positions:
        """Nearest training frame for the beads of frames [n_frames, n_atoms, 3]."""
        beads = self.mapping.beads(positions)
        return self._superposed(beads, self._nearest(beads, 1), np.random.default_rng(0))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Draw from the nearest frames: [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]."""
        generator = np.random.default_rng(seed)
        near = self._nearest(beads, self.settings.neighbours)
        rounds = -(-n_samples // near.shape[1])
        drawn = np.concatenate([generator.permuted(near, axis=1) for _ in range(rounds)], axis=1)
        return self._superposed(beads, drawn[:, :n_samples], generator)

    def _nearest(self, beads: Positions, k: int) -> NDArray[np.int64]:
        known = self.mapping.beads(self.frames.astype(np.float64))
        return nearest_shapes(beads, known, self.mapping.shares, min(k, len(known)))[0]

    def _superposed(
        self, beads: Positions, index: NDArray[np.int64], generator: np.random.Generator
    ) -> Positions:
        exact = np.repeat(beads[:, None].astype(np.float64), index.shape[1], axis=1)
        atoms = self.frames[index].astype(np.float64)
        mobile, target = (centred(part, self.mapping.shares) for part in (self.mapping.beads(atoms), exact))
        turned = atoms @ np.swapaxes(rotations(mobile, target, self.mapping.shares, generator), -1, -2)
        return self.mapping.project(turned, exact).astype(beads.dtype)

    def state(self) -> dict[str, Any]:
        """Return the frames."""
        return {"frames": torch.as_tensor(self.frames)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the frames."""
        self.frames = state["frames"].numpy()
