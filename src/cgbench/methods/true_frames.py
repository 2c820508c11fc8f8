"""Control, the ceiling: the true frames themselves.

No method can be closer to the reference than the reference, so what a metric says of it is the best
that the metric can say: 0 for errors, the noise of finite data for distributions. It is shown the
test frames when it samples, which no other method is.
"""

from typing import Any

import numpy as np

from cgbench.methods.base import OracleMethod, Positions, TrainingContext


class Method(OracleMethod):
    """x̃ = x."""

    stochastic = False
    equivariance = "E(3)"
    reference = "identity"

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Learn nothing."""

    def reconstruct(self, positions: Positions) -> Positions:
        """Give back the frames [n_frames, n_atoms, 3]."""
        return positions.copy()

    def sample_frames(self, positions: Positions, n_samples: int, seed: int) -> Positions:
        """Give back the frames [n_frames, n_atoms, 3], ``n_samples`` times each."""
        return np.repeat(positions[:, None], n_samples, axis=1)

    def state(self) -> dict[str, Any]:
        """Return nothing: nothing was learned."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set nothing."""
