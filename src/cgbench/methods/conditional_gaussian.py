"""Control: atoms given beads as a multivariate Gaussian, in closed form.

Frames are turned into a body frame, in which their beads lie best on the mean bead geometry; the
joint covariance of atoms and beads in it is that of the training frames. Conditioning gives a mean
that is linear in the beads and noise of one covariance, which lies in the null space of the mapping:
M x = X holds for every sample. Since the body frame turns with the beads, so do the samples. This is
the best that second moments can do: a network has to beat it by what is not Gaussian.

One or two beads define no body frame; what they leave open is drawn at random, in training as in
sampling, so that samples have the right distribution over orientations.
"""

from typing import Any

import numpy as np
import torch

from cgbench.chem.superposition import centred, mean_shape, rotations
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext

TENSORS = ("shape", "mean", "gain", "noise")
# Directions in which beads vary less than this share of the largest variance are fixed by the body frame.
RELATIVE_VARIANCE = 1e-10


class Method(BackmappingMethod):
    """p(x|X) = N(μ_x + K (X − M μ_x), Σ − K M Σ) with K = Σ Mᵀ (M Σ Mᵀ)⁺, in the body frame."""

    stochastic = True
    equivariance = "SE(3)"
    reference = "conditional distribution of the multivariate normal, textbook"

    shape: Positions  # [n_beads, 3], the mean bead geometry
    mean: Positions  # [3 n_atoms]
    gain: Positions  # K [3 n_atoms, 3 n_beads]
    noise: Positions  # [3 n_atoms, rank], a root of the conditional covariance

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Measure moments on the training frames; there is nothing to choose on the others."""
        generator = np.random.default_rng(context.seed)
        positions = train.astype(np.float64)
        beads = centred(self.mapping.beads(positions), self.mapping.shares)
        self.shape = mean_shape(beads, self.mapping.shares, generator)
        atoms = positions - self._centre(positions)
        body = (atoms @ rotations(self.shape, beads, self.mapping.shares, generator)).reshape(len(train), -1)
        self.mean = body.mean(axis=0)
        deviation = body - self.mean
        covariance = deviation.T @ deviation / len(body)
        matrix = np.kron(self.mapping.matrix, np.eye(3))
        with_beads = covariance @ matrix.T
        self.gain = with_beads @ np.linalg.pinv(matrix @ with_beads, RELATIVE_VARIANCE, hermitian=True)
        values, axes = np.linalg.eigh(covariance - self.gain @ with_beads.T)
        kept = values > RELATIVE_VARIANCE * np.trace(covariance)
        self.noise = axes[:, kept] * np.sqrt(values[kept])

    def _centre(self, positions: Positions) -> Positions:
        """Centre [n_frames, 1, 3] of the beads of frames [n_frames, n_atoms, 3]."""
        return np.asarray(self.mapping.shares @ self.mapping.beads(positions))[:, None]

    def reconstruct(self, positions: Positions) -> Positions:
        """Conditional mean for the beads of frames [n_frames, n_atoms, 3]."""
        noise = np.zeros((len(positions), 1, self.noise.shape[1]))
        return self._backmap(self.mapping.beads(positions), noise, np.random.default_rng(0))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Draw for beads [n_frames, n_beads, 3]: [n_frames, n_samples, n_atoms, 3]."""
        generator = np.random.default_rng(seed)
        noise = generator.standard_normal((len(beads), n_samples, self.noise.shape[1]))
        return self._backmap(beads, noise, generator)

    def _backmap(self, beads: Positions, noise: Positions, generator: np.random.Generator) -> Positions:
        exact = np.repeat(beads[:, None].astype(np.float64), noise.shape[1], axis=1)
        relative = centred(exact, self.mapping.shares)
        turns = rotations(self.shape, relative, self.mapping.shares, generator)
        body = (relative @ turns).reshape(*noise.shape[:2], -1)
        known = body - np.kron(self.mapping.matrix, np.eye(3)) @ self.mean
        atoms = (self.mean + known @ self.gain.T + noise @ self.noise.T).reshape(*noise.shape[:2], -1, 3)
        geometry = atoms @ np.swapaxes(turns, -1, -2) + (exact - relative)[..., :1, :]
        return self.mapping.project(geometry, exact).astype(beads.dtype)

    def state(self) -> dict[str, Any]:
        """Return the moments."""
        return {name: torch.as_tensor(getattr(self, name)) for name in TENSORS}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the moments."""
        self.shape, self.mean, self.gain, self.noise = (state[name].numpy() for name in TENSORS)
