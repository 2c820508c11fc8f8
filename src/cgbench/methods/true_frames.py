"""Upper control: the MD frames themselves.

x̃ = x. Errors and distances between distributions are 0. All samples are equal, so that `diversity` is 1 and
`rmsd_sample` 0. The method is the only one that receives the test frames when it samples.
"""

import numpy as np

from cgbench.methods.base import OracleMethod, Positions, TrainingContext


class Method(OracleMethod):
    """x̃ = x."""

    stochastic = False
    training = "none"
    equivariance = "E(3)"
    reference = "identity"

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Do nothing: the method has no parameters."""

    def reconstruct(self, positions: Positions) -> Positions:
        """Return a copy of the frames [n_frames, n_atoms, 3]."""
        return positions.copy()

    def sample_frames(self, positions: Positions, n_samples: int, seed: int) -> Positions:
        """Repeat the frames [n_frames, n_atoms, 3] to [n_frames, n_samples, n_atoms, 3]."""
        return np.repeat(positions[:, None], n_samples, axis=1)
