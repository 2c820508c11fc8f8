"""Conditional Gaussian control: atoms given beads as a multivariate normal distribution, in closed form.

p(x|X) = N(μ_x + K (X − M μ_x), Σ − K M Σ) with K = Σ Mᵀ (M Σ Mᵀ)⁺. Mean μ_x and covariance Σ are those of the
training frames in a body frame, in which the beads are superposed on their mean geometry. The conditional
mean is linear in the beads, and the noise lies in the null space of the mapping, so M x = X holds for every
sample. Samples rotate with the beads. A generative network has to score better than this control to show that
it models more than a Gaussian.

One or two beads do not define the body frame. The remaining rotation is drawn at random, in training and in
sampling, which gives the correct distribution over orientations.
"""

from typing import Any

import numpy as np
import torch

from cgbench.chem.superposition import centred, mean_shape, rotations
from cgbench.methods._memory import require_memory
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext

# Eigenvalues below this share of the largest variance belong to directions that the body frame fixes.
RELATIVE_VARIANCE = 1e-10
# With more coordinates than this, and than frames, matrices of frames replace those of coordinates.
MANY_COORDINATES = 1024


class Method(BackmappingMethod):
    """p(x|X) = N(μ_x + K (X − M μ_x), Σ − K M Σ) with K = Σ Mᵀ (M Σ Mᵀ)⁺, in the body frame."""

    stochastic = True
    equivariance = "SE(3)"
    reference = "conditional distribution of the multivariate normal, textbook"
    arrays = ("shape", "mean", "gain", "coefficients", "noise")

    shape: Positions  # [n_beads, 3], mean bead geometry
    mean: Positions  # μ_x [3 n_atoms]
    gain: Positions  # K [3 n_atoms, 3 n_beads], or [3 n_atoms, rank], which times the coefficients is K
    coefficients: Positions  # [rank, 3 n_beads]; none if the gain is K itself
    noise: Positions  # [3 n_atoms, rank], square root of the conditional covariance

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Compute mean and covariance of the training frames; validation frames are not used."""
        self._require_memory(len(train))
        generator = np.random.default_rng(context.seed)
        positions = train.astype(np.float64)
        beads = self.mapping.beads(positions)
        centre = np.asarray(self.mapping.shares @ beads)[:, None]
        beads = centred(beads, self.mapping.shares)
        self.shape = mean_shape(beads, self.mapping.shares, generator)
        rotation = rotations(self.shape, beads, self.mapping.shares, generator)
        body = ((positions - centre) @ rotation).reshape(len(train), -1)
        self.mean = body.mean(axis=0)
        deviation = body - self.mean
        if max(MANY_COORDINATES, len(body)) < body.shape[1]:
            self._fit_span(deviation)
            return
        covariance = deviation.T @ deviation / len(body)
        matrix = np.kron(self.mapping.matrix, np.eye(3))
        with_beads = covariance @ matrix.T
        self.coefficients = np.zeros((0, len(matrix)))
        self.gain = with_beads @ np.linalg.pinv(matrix @ with_beads, RELATIVE_VARIANCE, hermitian=True)
        values, axes = np.linalg.eigh(covariance - self.gain @ with_beads.T)
        kept = values > RELATIVE_VARIANCE * np.trace(covariance)
        self.noise = axes[:, kept] * np.sqrt(values[kept])

    def _require_memory(self, n_frames: int) -> None:
        n_atoms = self.mapping.n_atoms
        require_memory(
            12 * n_atoms * n_frames + 9 * min(n_frames, 3 * n_atoms) * n_atoms,
            f"{self.name}: {n_frames} frames of {n_atoms} atoms",
            "lower protocol.train_frames, or use rigid_template or nearest_frame",
        )

    def _fit_span(self, deviation: Positions) -> None:
        """Fit deviations [n_frames, 3 n_atoms] from the mean; all directions are combinations of frames."""
        beads = self.mapping.beads(deviation.reshape(len(deviation), -1, 3)).reshape(len(deviation), -1)
        # The beads of the frames, as combinations of all orthonormal directions of the space of frames.
        directions, sizes, axes = np.linalg.svd(beads, full_matrices=len(beads) > beads.shape[1])
        vary = sizes**2 > RELATIVE_VARIANCE * max(sizes[0] ** 2, np.finfo(np.float64).tiny)
        rank = int(vary.sum())
        self.gain, self.coefficients = deviation.T @ (directions[:, :rank] / sizes[:rank]), axes[:rank]
        rest = directions[:, rank:].T @ deviation / np.sqrt(len(deviation))
        kept = np.square(rest).sum(axis=1) > RELATIVE_VARIANCE * np.square(deviation).sum() / len(deviation)
        self.noise = rest[kept].T

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the result of :meth:`state`."""
        # Model files of earlier versions have no coefficients.
        super().load_state({"coefficients": torch.zeros(0, 3 * self.mapping.n_beads)} | state)

    def reconstruct(self, positions: Positions) -> Positions:
        """Return the conditional mean for the beads of frames [n_frames, n_atoms, 3]."""
        noise = np.zeros((len(positions), 1, self.noise.shape[1]))
        return self._backmap(self.mapping.beads(positions), noise, np.random.default_rng(0))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Draw samples: beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]."""
        generator = np.random.default_rng(seed)
        noise = generator.standard_normal((len(beads), n_samples, self.noise.shape[1]))
        return self._backmap(beads, noise, generator)

    def _backmap(self, beads: Positions, noise: Positions, generator: np.random.Generator) -> Positions:
        exact = np.repeat(beads[:, None].astype(np.float64), noise.shape[1], axis=1)
        relative = centred(exact, self.mapping.shares)
        rotation = rotations(self.shape, relative, self.mapping.shares, generator)
        body = (relative @ rotation).reshape(*noise.shape[:2], -1)
        deviation = body - self._mean_beads()
        if len(self.coefficients):
            deviation = deviation @ self.coefficients.T
        atoms = (self.mean + deviation @ self.gain.T + noise @ self.noise.T).reshape(*noise.shape[:2], -1, 3)
        geometry = atoms @ np.swapaxes(rotation, -1, -2) + (exact - relative)[..., :1, :]
        return self.mapping.project(geometry, exact).astype(beads.dtype)

    def _mean_beads(self) -> Positions:
        """M μ_x [3 n_beads]."""
        if len(self.mean) > MANY_COORDINATES:  # fewer keep the last bits of published results
            return self.mapping.beads(self.mean.reshape(-1, 3)).ravel()
        return np.asarray(np.kron(self.mapping.matrix, np.eye(3)) @ self.mean)
