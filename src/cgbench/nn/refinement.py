"""Geometry refinement: projection of decoded geometries onto distance and volume restraints.

Networks predict geometries that are correct on average. The refinement corrects bond lengths, angles, clashes
and chirality by a fixed number of descent steps, as in distance geometry (G. M. Crippen and T. F. Havel,
*Distance Geometry and Molecular Conformation*, 1988).
"""

import torch
from torch import Tensor

from cgbench.nn.mapped_network import group_translations, shares_atoms
from cgbench.nn.restraints import Restraints

STEP = 0.1  # share of a violation that one pair corrects per step; many pairs act on one atom
MOMENTUM = 0.9
VOLUME_WEIGHT = 2.0  # relative to pairs; an inversion has to overcome the distance restraints
MAX_DISPLACEMENT = 0.5  # Å per step and atom
MIN_DISTANCE = 0.01  # Å; regularises the direction between coinciding atoms
WORKING_SET = {"cpu": 2**19, "cuda": 2**26}  # pairs per chunk, to stay within cache or memory
MIN_BEADS = 3  # fewer beads define no plane


def refine(
    positions: Tensor, beads: Tensor, restraints: Restraints, matrix: Tensor, bead_index: Tensor, steps: int
) -> Tensor:
    """Minimise the squared violations of the restraints by gradient descent with momentum.

    Geometries without violations are unchanged up to rounding. The function is SE(3) equivariant. Geometries
    with one or two beads are returned unchanged, because all of their atoms may be collinear and rounding
    errors alone would determine the direction of the displacements.

    Parameters
    ----------
    positions : [batch, n_atoms, 3]
        Å.
    beads : [batch, n_beads, 3]
        X, Å; M x = X holds after every step.
    restraints
        Ranges of the molecule.
    matrix : [n_beads, n_atoms]
        M.
    bead_index : int [n_atoms]
        Bead of every atom, including atoms without weight.
    steps
        Number of steps.

    Returns
    -------
    Tensor [batch, n_atoms, 3]
        Å.
    """
    if beads.shape[1] < MIN_BEADS:
        return positions
    size = max(1, WORKING_SET[positions.device.type] // positions.shape[1] ** 2)
    chunks = zip(positions.split(size), beads.split(size), strict=True)
    return torch.cat([_refine_chunk(x, X, restraints, matrix, bead_index, steps) for x, X in chunks])


def _refine_chunk(
    positions: Tensor, beads: Tensor, restraints: Restraints, matrix: Tensor, bead_index: Tensor, steps: int
) -> Tensor:
    least, most = restraints.distance_bounds()
    translations = group_translations(matrix, bead_index) if shares_atoms(matrix) else None
    velocity = torch.zeros_like(positions)
    for _ in range(steps):
        ahead = positions + MOMENTUM * velocity
        force = _distance_force(ahead, least, most) + VOLUME_WEIGHT * _volume_force(ahead, restraints)
        velocity = MOMENTUM * velocity + STEP * force
        velocity = velocity * (
            MAX_DISPLACEMENT / velocity.norm(dim=-1, keepdim=True).clamp_min(MAX_DISPLACEMENT)
        )
        shift = beads - matrix @ (positions + velocity)
        velocity = velocity + (shift if translations is None else translations @ shift)[:, bead_index]
        positions = positions + velocity
    return positions


def _distance_force(positions: Tensor, least: Tensor, most: Tensor) -> Tensor:
    """Sum over pairs of the displacements [batch, n_atoms, 3] that correct their distances."""
    centred = positions - positions.mean(1, keepdim=True)
    square = centred.square().sum(-1, keepdim=True)
    one = torch.ones_like(square)
    # |a|² - 2 a·b + |b|² as one matrix product.
    squares = torch.cat((square, centred, one), -1) @ torch.cat((one, -2 * centred, square), -1).mT
    distances = squares.clamp_min_(MIN_DISTANCE**2).sqrt_()
    excess = torch.clamp(distances, least, most).div_(distances).sub_(1.0)
    summed = excess @ torch.cat((centred, one), -1)
    return centred * summed[..., 3:] - summed[..., :3]


def _volume_force(positions: Tensor, restraints: Restraints) -> Tensor:
    """Sum over tetrahedra of the displacements [batch, n_atoms, 3] that correct their volumes."""
    volumes, gradients = restraints.volumes(positions)
    violation = volumes.clamp(*restraints.volume_range) - volumes
    norm = gradients.flatten(2).square().sum(2).clamp_min(1e-3)
    steps = gradients * (violation / norm)[..., None, None]
    return torch.zeros_like(positions).index_add_(1, restraints.corners.flatten(), steps.flatten(1, 2))
