"""Control, the floor: every atom on its bead.

It knows of the molecule only what the mapping says, and what it gives is no molecule: a method that
does not clearly beat it has learned nothing.
"""

from typing import Any

from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class Method(DeterministicMethod):
    """x_i = X_I(i)."""

    bound = "floor"
    equivariance = "E(3)"
    reference = "the mapping, read backwards"

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Learn nothing."""

    def backmap(self, beads: Positions) -> Positions:
        """Put atoms on beads: [n_frames, n_beads, 3] to [n_frames, n_atoms, 3]."""
        return self.mapping.lift(beads)

    def state(self) -> dict[str, Any]:
        """Return nothing: nothing was learned."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set nothing."""
