"""Linear baseline: every atom is a fixed combination of the beads (arXiv 2201.12176, appendix).

The published baseline finds the matrix by gradient descent from a centre that it takes from the
atoms, which are not known when backmapping; here the beads' own centre is used and least squares
gives the optimum in closed form. Fixed combinations of centred beads turn with the beads, so the
method is E(3) equivariant. It cannot leave the plane or line of the beads.
"""

from typing import Any

import numpy as np
import torch

from cgbench.core.safe_io import require
from cgbench.methods._least_squares import best_combination
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class Method(DeterministicMethod):
    """x = D (X − centre) + centre with D [n_atoms, n_beads] by least squares."""

    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"

    weights: Positions

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Solve for the matrix on the training frames; there is nothing to choose on the others."""
        positions = train.astype(np.float64)
        self.weights = best_combination(self.mapping.beads(positions), positions)

    def backmap(self, beads: Positions) -> Positions:
        """Combine beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3]."""
        centre = beads.mean(1, keepdims=True)
        return np.asarray(self.weights.astype(beads.dtype) @ (beads - centre) + centre)

    def state(self) -> dict[str, Any]:
        """Return the matrix."""
        return {"weights": torch.as_tensor(self.weights)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the matrix."""
        self.weights = state["weights"].numpy()
        shape = (self.mapping.n_atoms, self.mapping.n_beads)
        require(self.weights.shape == shape, f"weights [n_atoms, n_beads] = {shape}")
