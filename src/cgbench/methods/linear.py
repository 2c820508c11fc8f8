"""Linear baseline: every atom as a fixed linear combination of the beads.

After Wang et al., arXiv 2201.12176 (appendix), with two differences: positions are relative to the mean of
the beads instead of a centre of the atoms, which is unknown in backmapping, and the matrix is the exact
least-squares solution instead of the result of gradient descent. The method is E(3) equivariant. All atoms
stay in the plane or on the line of the beads where these define no volume.
"""

from typing import Any

import numpy as np

from cgbench.core.safe_io import require
from cgbench.methods._baselines import least_squares_matrix
from cgbench.methods._memory import require_memory
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class Method(DeterministicMethod):
    """x = D (X − c) + c, where c is the mean of the beads and D [n_atoms, n_beads] solves least squares."""

    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    arrays = ("weights",)

    weights: Positions  # D

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Solve for D on the training frames [n_frames, n_atoms, 3]; validation frames are not used."""
        n_beads, n_atoms = self.mapping.n_beads, self.mapping.n_atoms
        require_memory(
            6 * len(train) * (n_atoms + n_beads),
            f"{self.name}: {len(train)} frames of {n_atoms} atoms",
            "lower protocol.train_frames, or use rigid_template",
        )
        positions = train.astype(np.float64)
        self.weights = least_squares_matrix(self.mapping.beads(positions), positions)

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3] (Å)."""
        centre = beads.mean(1, keepdims=True)
        return np.asarray(self.weights.astype(beads.dtype) @ (beads - centre) + centre)

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore D and check its shape."""
        super().load_state(state)
        shape = (self.mapping.n_atoms, self.mapping.n_beads)
        require(self.weights.shape == shape, f"weights [n_atoms, n_beads] = {shape}")
