"""What settings ``auto`` follow from: sizes of a task, and distances between its beads in training frames."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cgbench.data.splits import evenly
from cgbench.mapping.base import Mapping

FRAMES_MEASURED = 1000
# Cutoffs, Å: that of the paper for a small molecule, and the length of five residues of an extended chain,
# beyond which beads influence each other through those between them.
SMALL_CUTOFF, LARGE_CUTOFF = 9.5, 20.0
LEAST_EPOCHS, MOST_EPOCHS = 5, 400


@dataclass(frozen=True)
class TaskFacts:
    """Sizes of a task and distances between its beads.

    Attributes
    ----------
    n_atoms, n_beads
        Atoms and beads.
    n_frames
        Training frames, as the nearest power of two: folds of nearly as many frames have equal settings.
    spacing
        Largest distance of a bead from the nearest other bead, Å; 0 for one bead.
    extent
        Largest distance of a bead from the outermost one, Å; hardly less than that between any two.
    """

    n_atoms: int
    n_beads: int
    n_frames: int
    spacing: float
    extent: float

    @classmethod
    def of(cls, mapping: Mapping, positions: NDArray[np.floating]) -> Self:
        """Measure at most 1,000 of the training frames [n_frames, n_atoms, 3], Å."""
        beads = mapping.beads(positions[evenly(np.arange(len(positions)), FRAMES_MEASURED)])
        from_centre = np.linalg.norm(beads - beads.mean(axis=1, keepdims=True), axis=-1)
        outermost = np.take_along_axis(beads, from_centre.argmax(axis=1)[:, None, None], axis=1)
        nearest = [cKDTree(X).query(X, k=2)[0][:, 1].max() for X in beads if len(X) > 1]
        return cls(
            n_atoms=mapping.n_atoms,
            n_beads=mapping.n_beads,
            n_frames=nearest_power_of_two(len(positions)),
            spacing=float(max(nearest, default=0.0)),
            extent=float(np.linalg.norm(beads - outermost, axis=-1).max()),
        )

    def cutoff(self, smallest: float = SMALL_CUTOFF) -> float:
        """Return the range of messages between beads, Å, in steps of 0.5 Å.

        It is the extent of the beads, between ``smallest`` and 20 Å, and always twice the spacing or more, so
        that every bead has neighbours, also in frames that are more extended than these.
        """
        range_ = max(smallest, min(self.extent, LARGE_CUTOFF), 2 * self.spacing)
        return math.ceil(2 * range_) / 2

    def epochs(self, frames: float, least_steps: float, batch_size: int, most: int = MOST_EPOCHS) -> int:
        """Return the number of epochs, 5 to ``most``, that show so many frames in so many steps or more."""
        return min(most, max(LEAST_EPOCHS, round(max(frames, least_steps * batch_size) / self.n_frames)))


def nearest_power_of_two(number: float) -> int:
    """Round a number, at least 1, to a power of two, on the logarithmic scale."""
    return int(2 ** round(math.log2(number)))
