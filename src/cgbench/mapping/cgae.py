"""Coarse-graining auto-encoder (CGAE): the beads from which a linear decoder rebuilds atoms best.

Encoder and decoder are linear and the loss is quadratic, so frames enter it through their second
moments alone. With x [n, 3] the atoms of a frame around their centroid, let

    G = mean over frames of x xᵀ                        [n, n], Å²
    P [n, N], rows summing to 1                         share of an atom in each bead
    M = Pᵀ, its rows divided by their sums              [N, n]; the beads are X = M x
    u = mean of the rows of M                           [n]; the beads' centre is c = u x
    A = I − 1 uᵀ,  B = M − 1 uᵀ                         x − c = A x,  X − c = B x.

The decoder puts atoms at c + D (X − c), which turns with the beads. Then

    n · error = mean ‖A x − D B x‖² = tr(A G Aᵀ) − 2 tr(D B G Aᵀ) + tr(D B G Bᵀ Dᵀ)
    n · lift  = mean ‖x − P X‖²     = tr(G) − 2 tr(P M G) + tr(P M G Mᵀ Pᵀ)

and the best decoder is D = A G Bᵀ (B G Bᵀ)⁺. Neither a step of training nor a comparison of two
mappings touches a frame, so many restarts fit into one tensor, and as x xᵀ stays the same when a
frame is turned, no frame needs to be aligned.
"""

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.functional import one_hot

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator

# Training frames are cut into so many stretches, of which every fourth is held out.
STRETCHES = 20
# The search begins at the best restarts, one of every so many.
SEARCHED = 4
# Temperature of the Gumbel-softmax at the first and the last step (arXiv 2201.12176, appendix).
HOTTEST, COLDEST = 1.0, 0.025
# Variance added to the beads when the decoder is solved for, Å². In the end none to speak of; in
# training it keeps the decoder from telling beads apart that are still nearly the same.
EXACT, BLURRED = 1e-8, 1e-1


class CGAESettings(Settings):
    """How long the auto-encoder is trained, and on what.

    Attributes
    ----------
    restarts
        Independent trainings, of which the best is kept.
    steps
        Of Adam, over which the temperature falls from 1 to 0.025.
    learning_rate
        Of Adam.
    lift_weight
        Weight of the squared distance between atoms and their beads, beside the squared error of
        reconstruction, in training.
    search_lift_weight
        The same in the search that follows. Zero gives the lowest error of reconstruction, and
        beads scattered over the molecule; more gives more compact beads.
    frames
        At most so many training frames, evenly spaced, of which a quarter is held out.
    """

    restarts: Annotated[int, Field(ge=1)] = 16
    steps: Annotated[int, Field(ge=1)] = 500
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    lift_weight: Annotated[float, Field(ge=0)] = 0.25
    search_lift_weight: Annotated[float, Field(ge=0)] = 0.03
    frames: Annotated[int, Field(ge=STRETCHES)] = 1000


class Generator(MappingGenerator):
    """Assignment logits through a Gumbel-softmax that cools to one bead per atom, linear decoder.

    The published recipe, but that the decoder is solved for at every step instead of learned
    beside the logits, and that a search follows when the temperature is down. Every restart is
    hardened, and an empty bead takes the atom that is farthest from its bead in the largest bead.
    In the quarter of restarts with the lowest linear reconstruction error on held-out training
    frames, single atoms then move between beads for as long as that lowers the loss there, and the
    one with the lowest error in the end is kept. Those frames have made choices by then: their
    error is no estimate for new ones. The search alone, begun at
    random partitions, ends nearly as low, so the auto-encoder is a good start rather than a
    necessary one. Nothing asks for a bead to be connected through bonds. Beads are geometric
    centres; a seed, a mapping.
    """

    Settings = CGAESettings
    settings: CGAESettings
    reference = "W. Wang, R. Gómez-Bombarelli, npj Comput. Mater. 5, 125 (2019), as used for arXiv 2201.12176"
    learned = True

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        if positions is None or len(positions) < STRETCHES:
            given = 0 if positions is None else len(positions)
            raise InputError(
                f"cgae: learns from at least {STRETCHES} training frames, not from {given}; "
                "raise protocol.train_frames"
            )
        if n_beads == molecule.n_atoms:
            return Mapping.centres(np.arange(n_beads))
        fit, held = self._moments(positions)
        trained = [repaired(labels, n_beads, fit) for labels in self._train(fit, n_beads, seed)]
        starts = best_first(trained, fit, held)[: math.ceil(self.settings.restarts / SEARCHED)]
        found = [search(labels, fit, held, self.settings.search_lift_weight) for labels in starts]
        return Mapping.centres(_partition.numbered(best_first(found, fit, held)[0].numpy()))

    def _moments(self, positions: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
        """G of the frames to learn from and of those held out, which lie in other stretches of time."""
        n_frames = min(len(positions), self.settings.frames)
        chosen = positions[np.linspace(0, len(positions) - 1, n_frames).round().astype(int)]
        held = np.arange(n_frames) * STRETCHES // n_frames % 4 == 3
        return second_moments(chosen[~held]), second_moments(chosen[held])

    def _train(self, gram: Tensor, n_beads: int, seed: int) -> Tensor:
        """Train all restarts side by side; most likely bead of every atom [restarts, n_atoms]."""
        chosen = self.settings
        shape = (chosen.restarts, len(gram), n_beads)
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(shape, generator=generator, dtype=gram.dtype).requires_grad_()
        adam = torch.optim.Adam([logits], lr=chosen.learning_rate)
        for temperature in np.geomspace(HOTTEST, COLDEST, chosen.steps).tolist():
            gumbel = -torch.empty(shape, dtype=gram.dtype).exponential_(generator=generator).log()
            # The small share keeps the centre of a bead defined that no atom belongs to.
            shares = torch.softmax((logits + gumbel) / temperature, -1) + 1e-9
            weights = centres(shares)
            error = linear_error(weights, gram, gram, BLURRED)
            loss = error + chosen.lift_weight * lift_error(shares, weights, gram)
            adam.zero_grad()
            torch.autograd.backward(loss.sum())
            adam.step()
        return logits.detach().argmax(-1)


def second_moments(positions: NDArray[np.floating]) -> Tensor:
    """G [n_atoms, n_atoms], Å², of frames [n_frames, n_atoms, 3] around their centroids."""
    centred = positions - positions.mean(1, keepdims=True, dtype=np.float64)
    rows = torch.as_tensor(centred.transpose(1, 0, 2).reshape(positions.shape[1], -1))
    return rows @ rows.mT / len(positions)


def centres(shares: Tensor) -> Tensor:
    """M [..., n_beads, n_atoms] from P [..., n_atoms, n_beads]."""
    return (shares / shares.sum(-2, keepdim=True)).mT


def one_bead_each(labels: Tensor, n_beads: int) -> Tensor:
    """P [..., n_atoms, n_beads] from the bead of each atom [..., n_atoms]."""
    return one_hot(labels, n_beads).to(torch.float64)


def linear_error(weights: Tensor, fit: Tensor, held: Tensor, blur: float = EXACT) -> Tensor:
    """Mean squared distance per atom, Å², from the best linear decoder's atoms to the true ones.

    Parameters
    ----------
    weights : [..., n_beads, n_atoms]
        M.
    fit, held : [n_atoms, n_atoms]
        G of the frames that the decoder is solved for, and of those that it is tried on, Å².
    blur
        Variance added to the beads when it is solved for, Å².

    Returns
    -------
    Tensor [...]
        What :func:`cgbench.methods._baselines.least_squares_matrix` leaves, for ``blur`` near zero.
    """
    centre = weights.mean(-2, keepdim=True)
    beads = weights - centre

    def products(gram: Tensor) -> tuple[Tensor, Tensor]:
        """Give A G Bᵀ [..., n_atoms, n_beads] and B G Bᵀ."""
        with_beads = gram @ beads.mT
        return with_beads - centre @ with_beads, beads @ with_beads

    cross, square = products(fit)
    # B G Bᵀ is singular along 1, where A G Bᵀ has nothing: the added ones leave D as it is.
    regular = square + 1.0 + blur * torch.eye(weights.shape[-2], dtype=weights.dtype)
    decoder: Tensor = torch.linalg.solve(regular, cross.mT).mT
    cross, square = products(held)
    # tr(A G Aᵀ), as G 1 = 0 for centred frames.
    total = held.trace() + len(held) * (centre @ held @ centre.mT)[..., 0, 0]
    return (total + ((decoder @ square - 2 * cross) * decoder).sum((-2, -1))) / len(held)


def lift_error(shares: Tensor, weights: Tensor, gram: Tensor) -> Tensor:
    """Mean squared distance [...] per atom, Å², from atoms to the mean of beads by their shares P."""
    with_beads = gram @ weights.mT
    lifted = shares @ (weights @ with_beads)
    return (gram.trace() + ((lifted - 2 * with_beads) * shares).sum((-2, -1))) / len(gram)


def repaired(labels: Tensor, n_beads: int, gram: Tensor) -> Tensor:
    """Give every empty bead the atom of the largest bead that is farthest from its centre, on average."""
    labels = labels.clone()
    for bead in range(n_beads):
        counts = labels.bincount(minlength=n_beads)
        if not counts[bead]:
            atoms = torch.nonzero(labels == counts.argmax())[:, 0]
            moments = gram[atoms][:, atoms]
            # Mean ‖x_i − X‖² but for a constant.
            labels[atoms[(moments.diagonal() - 2 * moments.mean(1)).argmax()]] = bead
    return labels


def best_first(candidates: Sequence[Tensor], fit: Tensor, held: Tensor) -> list[Tensor]:
    """Sort partitions [n_atoms], equal in their number of beads, by held-out linear error."""
    n_beads = int(candidates[0].max()) + 1
    errors = linear_error(centres(one_bead_each(torch.stack(list(candidates)), n_beads)), fit, held)
    return [candidates[k] for k in errors.argsort(stable=True).tolist()]


def search(labels: Tensor, fit: Tensor, held: Tensor, lift_weight: float) -> Tensor:
    """Move single atoms, in order, to the bead where the held-out loss is lowest, until none moves.

    Parameters
    ----------
    labels : int64 [n_atoms]
        Bead of each atom; no bead is empty, and none becomes so.
    fit, held
        As in :func:`linear_error`.
    lift_weight
        Of the lift error in the loss.
    """
    n_beads = int(labels.max()) + 1

    def loss(labels: Tensor) -> Tensor:
        shares = one_bead_each(labels, n_beads)
        weights = centres(shares)
        return linear_error(weights, fit, held) + lift_weight * lift_error(shares, weights, held)

    best = loss(labels)
    moved = True
    while moved:
        moved = False
        for atom in range(len(labels)):
            if (labels == labels[atom]).sum() == 1:
                continue
            candidates = labels.repeat(n_beads, 1)
            candidates[:, atom] = torch.arange(n_beads)
            losses = loss(candidates)
            # A gain beyond rounding, so that the search ends.
            if losses.min() < best * (1 - 1e-9):
                best, labels, moved = losses.min(), candidates[losses.argmin()], True
    return labels
