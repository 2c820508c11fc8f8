"""Vectors from every bead to its nearest other beads, which the published baselines are built on."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def nearest_bead_vectors(beads: Floats, neighbours: int | None) -> tuple[Floats, Floats]:
    """Vectors and distances to the k nearest other beads, nearest first.

    Parameters
    ----------
    beads : [n_frames, n_beads, 3]
    neighbours
        k, cut down to n_beads − 1; None takes all.

    Returns
    -------
    vectors : [n_frames, n_beads, k, 3]
    distances : [n_frames, n_beads, k]
    """
    n_beads = beads.shape[1]
    k = n_beads - 1 if neighbours is None else min(neighbours, n_beads - 1)
    difference = beads[:, None] - beads[:, :, None]
    distance = np.sqrt(np.square(difference).sum(-1))
    # A bead is its own nearest; rank 0 is left out.
    order = np.argsort(distance, axis=-1, kind="stable")[..., 1 : k + 1]
    return (
        np.take_along_axis(difference, order[..., None], axis=2),
        np.take_along_axis(distance, order, axis=2),
    )
