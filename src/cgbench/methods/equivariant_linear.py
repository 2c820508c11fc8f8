"""Equivariant linear baseline: fixed combinations of the vectors to each bead's nearest beads.

As in arXiv 2201.12176 (appendix), the vectors from every bead to its k nearest other beads, nearest
first, are combined by one matrix for all frames, solved here by least squares instead of gradient
descent. Ranking by distance makes it differ from the linear baseline, which knows beads by name.
"""

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from cgbench.core.safe_io import require
from cgbench.core.settings import Settings
from cgbench.methods._bead_neighbours import nearest_bead_vectors
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class EquivariantLinearSettings(Settings):
    """Settings of the equivariant linear baseline.

    Attributes
    ----------
    neighbours
        k; null takes all other beads.
    """

    neighbours: Annotated[int, Field(ge=1)] | None = None


class Method(DeterministicMethod):
    """x_i = X_I(i) + Σ_v B_iv v over the ranked bead difference vectors v."""

    Settings = EquivariantLinearSettings
    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: EquivariantLinearSettings

    weights: Positions

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Solve for the matrix B [n_atoms, n_beads · k] on the training frames."""
        positions = train.astype(np.float64)
        beads = self.mapping.beads(positions)
        vectors = self._vectors(beads)
        offsets = positions - self.mapping.lift(beads)
        n_vectors = vectors.shape[1]
        # Normal equations: there are many more rows than vectors, and few vectors.
        gram = np.einsum("fvc,fwc->vw", vectors, vectors)
        moment = np.einsum("fvc,fac->va", vectors, offsets)
        self.weights = np.linalg.lstsq(gram, moment, rcond=1e-12)[0].T.reshape(
            self.mapping.n_atoms, n_vectors
        )

    def backmap(self, beads: Positions) -> Positions:
        """Combine beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3]."""
        return np.asarray(self.mapping.lift(beads) + self.weights.astype(beads.dtype) @ self._vectors(beads))

    def _vectors(self, beads: Positions) -> Positions:
        vectors, _ = nearest_bead_vectors(beads, self.settings.neighbours)
        return vectors.reshape(len(beads), -1, 3)

    def state(self) -> dict[str, Any]:
        """Return the matrix."""
        return {"weights": torch.as_tensor(self.weights)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the matrix."""
        self.weights = state["weights"].numpy()
        n_vectors = self._vectors(np.zeros((1, self.mapping.n_beads, 3))).shape[1]
        shape = (self.mapping.n_atoms, n_vectors)
        require(self.weights.shape == shape, f"weights [n_atoms, n_vectors] = {shape}")
