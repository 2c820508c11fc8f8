"""Coarse-graining auto-encoder (CGAE): beads from which a linear decoder rebuilds the atoms best.

Encoder and decoder are linear and the losses are quadratic, so frames enter only through their mean
Gram matrix G. With x [n, 3] the atoms of a frame relative to their centroid, let

    G = mean over frames of x xᵀ                        [n, n], Å²
    P [n, N], rows summing to 1                         share of each atom in each bead
    M = Pᵀ, its rows divided by their sums              [N, n]; the beads are X = M x
    u = mean of the rows of M                           [n]; the centre of the beads is c = u x
    A = I − 1 uᵀ,  B = M − 1 uᵀ                         x − c = A x,  X − c = B x.

The decoder puts atoms at c + D (X − c), which is equivariant to rotations. Then

    n · error = mean ‖A x − D B x‖² = tr(A G Aᵀ) − 2 tr(D B G Aᵀ) + tr(D B G Bᵀ Dᵀ)
    n · lift  = mean ‖x − P X‖²     = tr(G) − 2 tr(P M G) + tr(P M G Mᵀ Pᵀ)

are the two terms of the loss (W. Wang, R. Gómez-Bombarelli, npj Comput. Mater. 5, 125, 2019; lift:
distance of atoms from their beads), and the best decoder is D = A G Bᵀ (B G Bᵀ)⁺. The cost of a step
does not depend on the number of frames, all restarts fit into one tensor, and frames need no
alignment, because x xᵀ is invariant to rotations.
"""

import math
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
from cgbench.mapping._partition import count_groups, renumber
from cgbench.mapping._partition_search import cut_bonds, search, sort_by
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

# The frames are cut into this many segments in time, of which every fourth is for validation.
SEGMENTS = 20
# One of this many restarts, those with the lowest error, is refined by the search.
SEARCHED = 4
# Temperature of the Gumbel-softmax at the first and the last step (arXiv 2201.12176, appendix).
HOTTEST, COLDEST = 1.0, 0.025
# Ridge of the least-squares decoder, Å²: negligible in comparisons; in training it keeps the decoder
# from telling apart beads that are still almost at the same position.
RIDGE, TRAINING_RIDGE = 1e-8, 1e-1

# The time of the search grows with n_atoms³ n_beads². One of 175 atoms in 12 beads takes about a minute.
MOST_ATOMS = 400


class CGAESettings(Settings):
    """Length and loss of the training.

    Attributes
    ----------
    restarts
        Independent trainings, of which the best is kept.
    steps
        Steps of Adam, over which the temperature falls from 1 to 0.025.
    learning_rate
        Learning rate of Adam.
    lift_weight
        Weight in training of the lift term, the mean squared distance of atoms from their beads.
    search_lift_weight
        The same in the search that follows. Zero gives the lowest reconstruction error, but beads
        scattered over the molecule; larger values give more compact beads.
    connection_weight
        Share of the loss that is added in the search for each group of atoms that no bond connects to the
        rest of its bead. Zero ignores the bonds.
    frames
        Maximum number of training frames, evenly spaced; a quarter of them is for validation.
    """

    restarts: Annotated[int, Field(ge=1)] = 16
    steps: Annotated[int, Field(ge=1)] = 500
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    lift_weight: Annotated[float, Field(ge=0)] = 0.25
    search_lift_weight: Annotated[float, Field(ge=0)] = 0.03
    connection_weight: Annotated[float, Field(ge=0)] = 0.02
    frames: Annotated[int, Field(ge=SEGMENTS)] = 1000


class Generator(MappingGenerator):
    """Learn the assignment of atoms to beads with a Gumbel-softmax and a linear decoder.

    Unlike in the publication, the decoder is solved for at every step instead of learned, and a
    search follows: in the quarter of restarts with the lowest validation error, single atoms move
    between beads while that lowers the validation loss. The same search begins at the best beads that
    bonds connect. A group of atoms that is not connected to the rest of its bead raises the loss by
    ``connection_weight``. The mapping with the lowest validation loss is kept, so that loss is no
    estimate for new frames. Beads are geometric centres.
    """

    Settings = CGAESettings
    settings: CGAESettings
    reference = "W. Wang, R. Gómez-Bombarelli, npj Comput. Mater. 5, 125 (2019), as used for arXiv 2201.12176"
    learned = True

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        if positions is None or len(positions) < SEGMENTS:
            raise InputError(
                f"cgae: needs at least {SEGMENTS} training frames, but there are "
                f"{0 if positions is None else len(positions)}; raise protocol.train_frames"
            )
        if molecule.n_atoms > MOST_ATOMS:
            raise InputError(
                f"cgae: the molecule has {molecule.n_atoms:,} atoms, and {MOST_ATOMS} are the most, because "
                "the time of the search grows with the cube of their number; use alpha_carbon, residue_com "
                "or martini3, or sequence for any number of beads"
            )
        if n_beads == molecule.n_atoms:
            return Mapping.centres(np.arange(n_beads))
        settings = self.settings
        train, valid = self._gram_matrices(positions)

        def error(labels: Tensor) -> Tensor:
            return partition_loss(labels, train, valid)

        def loss(labels: Tensor) -> Tensor:
            value = partition_loss(labels, train, valid, settings.search_lift_weight)
            if settings.connection_weight:
                extra = count_groups(labels.numpy(), molecule.bonds) - n_beads
                value = value * (1 + settings.connection_weight * torch.as_tensor(extra))
            return value

        trained = [fill_empty_beads(labels, n_beads, train) for labels in self._train(train, n_beads, seed)]
        starts = sort_by(error, trained)[: math.ceil(settings.restarts / SEARCHED)]
        if settings.connection_weight:
            starts += cut_bonds(molecule.graph, n_beads, loss)
        found = [search(labels, loss) for labels in starts]
        # Without the term for connections, mappings are those of version 0.1.
        best, *_ = sort_by(loss if settings.connection_weight else error, found)
        return Mapping.centres(renumber(best.numpy()))

    def _gram_matrices(self, positions: Positions) -> tuple[Tensor, Tensor]:
        """G of the frames for training and of those for validation, which are in other segments of time."""
        n_frames = min(len(positions), self.settings.frames)
        chosen = positions[np.linspace(0, len(positions) - 1, n_frames).round().astype(int)]
        valid = np.arange(n_frames) * SEGMENTS // n_frames % 4 == 3
        return gram_matrix(chosen[~valid]), gram_matrix(chosen[valid])

    def _train(self, gram: Tensor, n_beads: int, seed: int) -> Tensor:
        """Train all restarts in parallel; return the most probable bead of every atom [restarts, n_atoms]."""
        settings = self.settings
        shape = (settings.restarts, len(gram), n_beads)
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(shape, generator=generator, dtype=gram.dtype).requires_grad_()
        adam = torch.optim.Adam([logits], lr=settings.learning_rate)
        for temperature in np.geomspace(HOTTEST, COLDEST, settings.steps).tolist():
            gumbel = -torch.empty(shape, dtype=gram.dtype).exponential_(generator=generator).log()
            # The small constant defines the centre of a bead without atoms.
            shares = torch.softmax((logits + gumbel) / temperature, -1) + 1e-9
            weights = centre_weights(shares)
            error = linear_error(weights, gram, gram, TRAINING_RIDGE)
            loss = error + settings.lift_weight * lift_error(shares, weights, gram)
            adam.zero_grad()
            torch.autograd.backward(loss.sum())
            adam.step()
        return logits.detach().argmax(-1)


def gram_matrix(positions: NDArray[np.floating]) -> Tensor:
    """G [n_atoms, n_atoms], Å², of frames [n_frames, n_atoms, 3] relative to their centroids."""
    centred = positions - positions.mean(1, keepdims=True, dtype=np.float64)
    rows = torch.as_tensor(centred.transpose(1, 0, 2).reshape(positions.shape[1], -1))
    return rows @ rows.mT / len(positions)


def centre_weights(shares: Tensor) -> Tensor:
    """M [..., n_beads, n_atoms] from P [..., n_atoms, n_beads]."""
    return (shares / shares.sum(-2, keepdim=True)).mT


def linear_error(weights: Tensor, train: Tensor, valid: Tensor, ridge: float = RIDGE) -> Tensor:
    """Mean squared error [...] per atom, Å², of the least-squares linear decoder.

    Parameters
    ----------
    weights : [..., n_beads, n_atoms]
        M.
    train, valid : [n_atoms, n_atoms]
        G of the frames that the decoder is solved for and of the frames of the error, Å².
    ridge
        Added to the diagonal of B G Bᵀ, Å².
    """
    centre = weights.mean(-2, keepdim=True)
    beads = weights - centre

    def products(gram: Tensor) -> tuple[Tensor, Tensor]:
        """Return A G Bᵀ [..., n_atoms, n_beads] and B G Bᵀ."""
        with_beads = gram @ beads.mT
        return with_beads - centre @ with_beads, beads @ with_beads

    cross, square = products(train)
    # B G Bᵀ is singular along 1, where A G Bᵀ is zero: the added ones do not change D.
    regular = square + 1.0 + ridge * torch.eye(weights.shape[-2], dtype=weights.dtype)
    decoder: Tensor = torch.linalg.solve(regular, cross.mT).mT
    cross, square = products(valid)
    # tr(A G Aᵀ), as G 1 = 0 for centred frames.
    total = valid.trace() + len(valid) * (centre @ valid @ centre.mT)[..., 0, 0]
    return (total + ((decoder @ square - 2 * cross) * decoder).sum((-2, -1))) / len(valid)


def lift_error(shares: Tensor, weights: Tensor, gram: Tensor) -> Tensor:
    """Mean squared distance [...] per atom, Å², of atoms from the mean of the beads weighted by P."""
    with_beads = gram @ weights.mT
    lifted = shares @ (weights @ with_beads)
    return (gram.trace() + ((lifted - 2 * with_beads) * shares).sum((-2, -1))) / len(gram)


def partition_loss(labels: Tensor, train: Tensor, valid: Tensor, lift_weight: float = 0.0) -> Tensor:
    """Compute the validation loss [...] of partitions [..., n_atoms] without empty beads."""
    shares = one_hot(labels).to(torch.float64)
    weights = centre_weights(shares)
    return linear_error(weights, train, valid) + lift_weight * lift_error(shares, weights, valid)


def fill_empty_beads(labels: Tensor, n_beads: int, gram: Tensor) -> Tensor:
    """Give every empty bead the atom of the largest bead with the largest distance from its centre."""
    labels = labels.clone()
    for bead in range(n_beads):
        counts = labels.bincount(minlength=n_beads)
        if not counts[bead]:
            atoms = torch.nonzero(labels == counts.argmax())[:, 0]
            block = gram[atoms][:, atoms]
            # Mean ‖x_i − X‖² up to a constant.
            labels[atoms[(block.diagonal() - 2 * block.mean(1)).argmax()]] = bead
    return labels
