"""The last step of decoding: a geometry is brought within the bounds that dynamics keeps a molecule in.

What a network writes is right on average; here bonds that are too long and atoms inside each other are
mended, as far as the number of steps reaches. Distance geometry (Crippen and Havel, *Distance Geometry and
Molecular Conformation*, 1988) does this for geometries that are made of nothing else.
"""

import torch
from torch import Tensor

from cgbench.nn.restraints import Bounds

STEP = 0.1  # of the way by which a pair alone is out of bounds: many pull at one atom
MOMENTUM = 0.9
VOLUME_WEIGHT = 2.0  # of a tetrahedron beside a pair: it has to turn inside out against its edges
LONGEST = 0.5  # Å that an atom moves in a step, before its bead is put back: nothing is thrown out
LEAST_DISTANCE = 0.01  # Å; closer than this, two atoms have no direction to leave by
WORKING_SET = {"cpu": 2**19, "cuda": 2**26}  # pairs looked at at once: more leave the caches, or the memory
PLANE = 3  # beads that span one


def relax(
    positions: Tensor, beads: Tensor, bounds: Bounds, matrix: Tensor, bead_index: Tensor, steps: int
) -> Tensor:
    """Bring geometries within bounds by descending the squares of what is out of them, with momentum.

    A geometry that is within them is returned as it is, but for rounding. Equivariant: rotations and
    translations of positions and beads turn and move the result. With one or two beads nothing is done: all
    atoms may lie on their point or line, from which rounding alone would lead them, anywhere.

    Parameters
    ----------
    positions : [batch, n_atoms, 3]
        Å.
    beads : [batch, n_beads, 3]
        To which the atoms keep in every step: M x = X.
    bounds
        Of the molecule.
    matrix : [n_beads, n_atoms]
        M.
    bead_index : int [n_atoms]
        Bead of every atom, of those without weight too.
    steps
        How many.
    """
    if beads.shape[1] < PLANE:
        return positions
    size = max(1, WORKING_SET[positions.device.type] // positions.shape[1] ** 2)
    parts = zip(positions.split(size), beads.split(size), strict=True)
    return torch.cat([_relax(part, at, bounds, matrix, bead_index, steps) for part, at in parts])


def _relax(
    positions: Tensor, beads: Tensor, bounds: Bounds, matrix: Tensor, bead_index: Tensor, steps: int
) -> Tensor:
    least, most = bounds.distances()
    moved = torch.zeros_like(positions)
    for _ in range(steps):
        ahead = positions + MOMENTUM * moved
        moved = MOMENTUM * moved + STEP * (_pull(ahead, least, most) + VOLUME_WEIGHT * _turn(ahead, bounds))
        moved = moved * (LONGEST / moved.norm(dim=-1, keepdim=True).clamp_min(LONGEST))
        moved = moved + (beads - matrix @ (positions + moved))[:, bead_index]
        positions = positions + moved
    return positions


def _pull(positions: Tensor, least: Tensor, most: Tensor) -> Tensor:
    """Sum of the ways [batch, n_atoms, 3] that pairs have to go to be within their distances."""
    centred = positions - positions.mean(1, keepdim=True)
    square = centred.square().sum(-1, keepdim=True)
    one = torch.ones_like(square)
    # |a|² - 2 a·b + |b|² as one product.
    squares = torch.cat((square, centred, one), -1) @ torch.cat((one, -2 * centred, square), -1).mT
    distances = squares.clamp_min_(LEAST_DISTANCE**2).sqrt_()
    excess = torch.clamp(distances, least, most).div_(distances).sub_(1.0)
    summed = excess @ torch.cat((centred, one), -1)
    return centred * summed[..., 3:] - summed[..., :3]


def _turn(positions: Tensor, bounds: Bounds) -> Tensor:
    """Sum of the ways [batch, n_atoms, 3] that corners have to go for tetrahedra to have their volumes."""
    volumes, slopes = bounds.volumes(positions)
    missing = volumes.clamp(*bounds.volume_range) - volumes
    steepness = slopes.flatten(2).square().sum(2).clamp_min(1e-3)
    ways = slopes * (missing / steepness)[..., None, None]
    return torch.zeros_like(positions).index_add_(1, bounds.corners.flatten(), ways.flatten(1, 2))
