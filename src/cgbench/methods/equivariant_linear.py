"""Equivariant linear baseline: a fixed linear combination of the vectors to the nearest beads.

After Wang et al., arXiv 2201.12176 (appendix): the vectors from every bead to its k nearest other beads,
sorted by distance, are combined by one matrix, which is found here by least squares instead of gradient
descent. The linear baseline differs in that it identifies beads by index and not by rank.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from cgbench.core.safe_io import require
from cgbench.core.settings import Settings
from cgbench.methods._baselines import nearest_bead_vectors
from cgbench.methods._memory import require_memory
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext

MANY_VECTORS = 1024


class EquivariantLinearSettings(Settings):
    """Settings of the equivariant linear baseline.

    Attributes
    ----------
    neighbours
        Number k of nearest beads; null uses all other beads.
    """

    neighbours: Annotated[int, Field(ge=1)] | None = None


class Method(DeterministicMethod):
    """x_i = X_I(i) + Σ_v B_iv v over the sorted bead difference vectors v of all beads."""

    Settings = EquivariantLinearSettings
    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    arrays = ("weights",)
    settings: EquivariantLinearSettings

    weights: Positions  # B [n_atoms, n_beads · k]

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Solve the normal equations for B on the training frames [n_frames, n_atoms, 3]."""
        self._require_memory(len(train))
        positions = train.astype(np.float64)
        beads = self.mapping.beads(positions)
        vectors = self._vectors(beads)
        offsets = positions - self.mapping.lift(beads)
        if vectors.shape[1] > max(MANY_VECTORS, 3 * len(train)):
            # Fewer equations than weights: the same solution, of minimum norm, without normal equations.
            rows, targets = (
                np.swapaxes(part, 1, 2).reshape(3 * len(train), -1) for part in (vectors, offsets)
            )
            self.weights = np.linalg.lstsq(rows, targets, rcond=1e-6)[0].T
            return
        gram = _products(vectors, vectors)
        moment = _products(vectors, offsets)
        self.weights = np.linalg.lstsq(gram, moment, rcond=1e-12)[0].T.reshape(self.mapping.n_atoms, -1)

    def _require_memory(self, n_frames: int) -> None:
        n_beads, n_atoms = self.mapping.n_beads, self.mapping.n_atoms
        n_vectors = n_beads * min(self.settings.neighbours or n_beads, n_beads - 1)
        require_memory(
            9 * n_frames * (n_vectors + n_atoms) + 2 * n_vectors * (min(n_vectors, 3 * n_frames) + n_atoms),
            f"{self.name}: {n_vectors:,} vectors between beads, {n_frames} frames and {n_atoms} atoms",
            f"set neighbours to 6 or fewer (now {self.settings.neighbours or 'all'}), or use linear",
        )

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3] (Å)."""
        return np.asarray(self.mapping.lift(beads) + self.weights.astype(beads.dtype) @ self._vectors(beads))

    def _vectors(self, beads: Positions) -> Positions:
        vectors, _ = nearest_bead_vectors(beads, self.settings.neighbours)
        return vectors.reshape(len(beads), -1, 3)

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore B and check its shape."""
        super().load_state(state)
        n_vectors = self._vectors(np.zeros((1, self.mapping.n_beads, 3))).shape[1]
        shape = (self.mapping.n_atoms, n_vectors)
        require(self.weights.shape == shape, f"weights [n_atoms, n_vectors] = {shape}")


def _products(vectors: Positions, others: Positions) -> Positions:
    """Sum the products [n, m] of vectors [n_frames, n, 3] and others [n_frames, m, 3]."""
    if vectors.shape[1] <= MANY_VECTORS:  # keeps the last bits of published results
        return np.einsum("fvc,fwc->vw", vectors, others)
    return np.tensordot(vectors, others, ((0, 2), (0, 2)))
