"""Geometry refinement: distances, volumes and stiff torsions of training frames at fixed beads.

Samples of generative methods are right on average, but their bond lengths, angles and contacts are not those
of molecules. The refinement takes targets for these from training frames with similar torsions, and minimises
the deviations in units of their standard deviation, as distance geometry does (G. M. Crippen and T. F. Havel,
*Distance Geometry and Molecular Conformation*, 1988). For small deviations of normally distributed
coordinates, the minimum is a sample of the distribution of the training frames under the condition M x = X.
"""

import torch
from torch import Tensor

from cgbench.nn.contacts import NearPairs
from cgbench.nn.internal_coordinates import pair_vectors, volumes
from cgbench.nn.mapped_network import MIN_BEADS, group_translations, nonzero_entries, shares_atoms
from cgbench.nn.restraints import Restraints
from cgbench.nn.target_frames import TargetFrames, Targets, least_spread

MEMORY = 4  # steps from which the curvature is estimated
MAX_STEP = 0.3  # Å per step and atom
TOLERANCE = 0.006  # decrease of the loss in a step, per atom
ROUGH = 0.3  # tolerance with which the targets are chosen again
WORTH_SELECTING = 0.7  # share of geometries that still move, below which the others are taken out
WORKING_SET = {"cpu": 2**14, "cuda": 2**20}  # atoms per chunk, to stay within cache or memory

Step = tuple[Tensor, Tensor, Tensor]  # displacement, change of the gradient, 1/(their product) or 0


def refine(
    positions: Tensor,
    beads: Tensor,
    restraints: Restraints,
    matrix: Tensor,
    bead_index: Tensor,
    max_steps: int,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Minimise the deviations from the geometry of training frames, with the beads held.

    The function is SE(3) equivariant. Geometries with one or two beads are returned unchanged, because all of
    their atoms may be collinear and rounding errors alone would determine the direction of the displacements.

    Parameters
    ----------
    positions : [batch, n_atoms, 3]
        Å.
    beads : [batch, n_beads, 3]
        X, Å; M x = X holds after every step.
    restraints
        Fitted restraints of the molecule.
    matrix : [n_beads, n_atoms]
        M.
    bead_index : int [n_atoms]
        Bead of every atom, including atoms without weight.
    max_steps
        Largest number of steps in each of two rounds: without contacts, and with them.
    tolerance
        A geometry is finished when a step promises a smaller decrease of the loss per atom.

    Returns
    -------
    Tensor [batch, n_atoms, 3]
        Å.
    """
    if beads.shape[1] < MIN_BEADS or max_steps == 0 or not len(positions):
        return positions
    frames = TargetFrames(restraints, least_spread(positions.shape[1], beads.shape[1]))
    held = HeldBeads(bead_index, matrix)
    size = max(1, WORKING_SET[positions.device.type] // positions.shape[1])
    refined = []
    for start in range(0, len(positions), size):
        x, X = (each[start : start + size].permute(1, 2, 0).contiguous() for each in (positions, beads))
        x = held.put(x, X)
        number = torch.arange(start, start + x.shape[2], device=x.device)
        for limit in (ROUGH, tolerance):
            targets = frames.targets(frames.nearest(x, number))
            # Far from the targets, contacts would have to be searched in every step.
            near = None if limit is ROUGH else NearPairs(restraints.contacts, x)
            x = _minimise(x, Deviations(frames, targets, near), held, max_steps, limit)
        refined.append(held.put(x, X).permute(2, 0, 1))
    return torch.cat(refined)


class HeldBeads:
    """The condition M x = X.

    Parameters
    ----------
    bead_index : int [n_atoms]
        Bead of every atom, including atoms without weight.
    matrix : [n_beads, n_atoms]
        M.
    """

    def __init__(self, bead_index: Tensor, matrix: Tensor) -> None:
        self.index, self.matrix = bead_index, matrix
        self.beads, self.atoms, weights = nonzero_entries(matrix)
        self.weights = weights[:, None, None]
        self.shared = shares_atoms(matrix)

    def _beads_of(self, values: Tensor) -> Tensor:
        """M times values [n_atoms, 3, batch]."""
        total = values.new_zeros(len(self.matrix), *values.shape[1:])
        return total.index_add_(0, self.beads, self.weights * values[self.atoms])

    def put(self, positions: Tensor, beads: Tensor) -> Tensor:
        """Translate the atoms of each bead so that M x = X."""
        shift = beads - self._beads_of(positions)
        if self.shared:
            shift = torch.tensordot(group_translations(self.matrix, self.index), shift, 1)
        return positions + shift[self.index]

    def step(self, gradient: Tensor, stiffness: Tensor) -> Tensor:
        """Gradient, divided by the stiffness [n_atoms], without the part that moves beads."""
        scaled = gradient / stiffness[:, None, None]
        moved = self._beads_of(scaled)
        if self.shared:
            compliance = (self.matrix / stiffness) @ self.matrix.T
            forces = torch.linalg.solve(compliance, moved.flatten(1)).view_as(moved)
        else:
            weights = torch.zeros_like(stiffness).index_add_(0, self.atoms, self.weights[:, 0, 0])
            forces = moved / self._beads_of(weights[:, None, None] / stiffness[:, None, None])
        pulled = torch.zeros_like(scaled).index_add_(0, self.atoms, self.weights * forces[self.beads])
        return scaled - pulled / stiffness[:, None, None]


class Deviations:
    """½ Σ ((q − q_target)/σ)² of distances and volumes q, and ½ Σ ((d_shortest − d)/σ)² of close contacts.

    Parameters
    ----------
    frames
        Pairs, volumes, and their weights.
    near
        Contacts of the geometries, or None to leave them out.
    """

    def __init__(self, frames: TargetFrames, targets: Targets, near: NearPairs | None) -> None:
        self.frames, self.goals, self.near = frames, targets, near
        stiffness = torch.cat((frames.pair_weights, frames.pair_weights, frames.volume_stiffness.flatten()))
        n_atoms = frames.restraints.frames.shape[1]
        atoms = torch.cat((frames.pairs.flatten(), frames.corners.flatten()))
        self.stiffness = stiffness.new_ones(n_atoms).index_add_(0, atoms, stiffness)

    def select(self, kept: Tensor) -> None:
        """Keep some of the geometries, by their indices."""
        goals = (self.goals.least, self.goals.most, self.goals.volumes)
        self.goals = Targets(*(each.index_select(-1, kept) for each in goals))
        if self.near is not None:
            self.near.select(kept)

    def gradient(self, positions: Tensor) -> Tensor:
        """Gradient [n_atoms, 3, batch] at positions [n_atoms, 3, batch]."""
        frames, goals = self.frames, self.goals
        vectors, lengths = pair_vectors(positions, frames.pairs)
        pull = frames.pair_weights[:, None] * (1 - lengths.clamp(goals.least, goals.most) / lengths)
        vectors *= pull[:, None]
        signed, slopes = volumes(positions, frames.corners)
        slopes *= (frames.volume_weights[:, None] * (signed - goals.volumes))[:, None, None]
        gradient = torch.zeros_like(positions)
        gradient.index_add_(0, frames.pairs[0], vectors).index_add_(0, frames.pairs[1], vectors, alpha=-1)
        gradient.index_add_(0, frames.corners.flatten(), slopes.flatten(0, 1))
        if self.near is not None:
            self.near.add_gradient(positions, gradient, self.frames.restraints.contact_spread**-2)
        return gradient


def _minimise(
    positions: Tensor, deviations: Deviations, held: HeldBeads, max_steps: int, tolerance: float
) -> Tensor:
    """Minimise each geometry with limited-memory BFGS steps (J. Nocedal, Math. Comput. 35, 773, 1980)."""
    result = torch.empty_like(positions)
    place = torch.arange(positions.shape[2], device=positions.device)
    x = positions
    history: list[Step] = []
    moving = torch.ones_like(x[0, 0], dtype=torch.bool)
    gradient = deviations.gradient(x)
    for _ in range(max_steps):
        step = _direction(gradient, history, held, deviations.stiffness)
        promised = -(gradient * step).sum((0, 1)) / len(x)
        longest = step.square().sum(1).amax(0).sqrt()
        step = step * (moving * MAX_STEP / longest.clamp_min(MAX_STEP))
        x = x + step
        moving = moving & (promised > tolerance)
        left = int(moving.sum())
        if left < WORTH_SELECTING * len(moving):
            result[..., place] = x
            if not left:
                return result
            kept = moving.nonzero()[:, 0]
            place, x, step, gradient, moving = (
                each.index_select(-1, kept) for each in (place, x, step, gradient, moving)
            )
            history = [
                (s.index_select(-1, kept), y.index_select(-1, kept), rho.index_select(-1, kept))
                for s, y, rho in history
            ]
            deviations.select(kept)
        before, gradient = gradient, deviations.gradient(x)
        change = gradient - before
        curvature = (step * change).sum((0, 1))
        # A step along negative curvature, or none, says nothing about the minimum.
        rho = torch.where(curvature > 1e-10, 1 / curvature, 0.0)
        history = [*history[1 - MEMORY :], (step, change, rho)]
    result[..., place] = x
    return result


def _direction(gradient: Tensor, history: list[Step], held: HeldBeads, stiffness: Tensor) -> Tensor:
    """Displacement towards the minimum of the quadratic model."""
    q, shares = gradient, []
    for s, y, rho in reversed(history):
        share = rho * (s * q).sum((0, 1))
        q = q - share * y
        shares.append(share)
    d = held.step(q, 2 * stiffness)
    if history:
        s, y, rho = history[-1]
        scaled = held.step(y, 2 * stiffness)
        ratio = 1 / (rho * (y * scaled).sum((0, 1))).clamp_min(1e-10)
        d = d * torch.where(rho > 0, ratio, 1.0)
    for (s, y, rho), share in zip(history, reversed(shares), strict=True):
        d = d + s * (share - rho * (y * d).sum((0, 1)))
    return -d
