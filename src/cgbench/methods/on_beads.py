"""Lower control: every atom at the position of its bead.

x_i = X_I(i). The result is the mapping without any model. A method that does not clearly score better has
learned nothing from the training frames.
"""

from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class Method(DeterministicMethod):
    """x_i = X_I(i)."""

    bound = "floor"
    training = "none"
    equivariance = "E(3)"
    reference = "lower control: the mapping alone"

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Do nothing: the method has no parameters."""

    def backmap(self, beads: Positions) -> Positions:
        """Place atoms on beads: [n_frames, n_beads, 3] to [n_frames, n_atoms, 3] (Å)."""
        return self.mapping.lift(beads)
