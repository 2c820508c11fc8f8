"""Distances, signed volumes and torsions of many geometries of one molecule at once.

Positions are [n_atoms, 3, batch]: a row holds one coordinate of one atom in all geometries, so that atoms are
gathered and scattered in contiguous blocks.
"""

import torch
from torch import Tensor

MIN_DISTANCE = 0.01  # Å; regularises the direction between coinciding atoms


def pair_vectors(positions: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors [n_pairs, 3, batch] from the second to the first atom of pairs [2, n_pairs], and lengths."""
    i, j = pairs
    vectors = positions.index_select(0, i) - positions.index_select(0, j)
    return vectors, vectors.square().sum(1).clamp_min_(MIN_DISTANCE**2).sqrt_()


def volumes(positions: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Signed volumes of parallelepipeds and their gradients with respect to the corners.

    Parameters
    ----------
    positions : [n_atoms, 3, batch]
        Å.
    corners : int [n_volumes, 4]
        The edges lead from the first atom to the other three.

    Returns
    -------
    volumes : [n_volumes, batch]
        Å³.
    gradients : [n_volumes, 4, 3, batch]
        Å².
    """
    places = positions.index_select(0, corners.flatten()).unflatten(0, corners.shape)
    a, b, c = (places[:, 1:] - places[:, :1]).unbind(1)
    grad_a, grad_b, grad_c = cross(b, c), cross(c, a), cross(a, b)
    gradients = torch.stack((-grad_a - grad_b - grad_c, grad_a, grad_b, grad_c), dim=1)
    return (a * grad_a).sum(1), gradients


def torsions(positions: Tensor, quads: Tensor) -> Tensor:
    """Cosine and sine [n_quads, 2, batch] of the torsions of atoms [n_quads, 4]."""
    places = positions.index_select(0, quads.flatten()).unflatten(0, quads.shape)
    first, middle, last = (places[:, 1:] - places[:, :-1]).unbind(1)
    left, right = cross(first, middle), cross(middle, last)
    cosine = (left * right).sum(1)
    sine = (first * right).sum(1) * middle.square().sum(1).sqrt()
    both = torch.stack((cosine, sine), dim=1)
    return both / both.square().sum(1, keepdim=True).sqrt().clamp_min(1e-12)


def cross(first: Tensor, second: Tensor) -> Tensor:
    """Cross products of vectors [n, 3, batch]."""
    ax, ay, az = first.unbind(1)
    bx, by, bz = second.unbind(1)
    return torch.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), dim=1)
