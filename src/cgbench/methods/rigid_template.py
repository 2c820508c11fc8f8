"""Control: every bead as a rigid piece of a training frame, turned the way its neighbour beads lie.

What fragment libraries and rotation of templates do without a fit of the internal geometry: within
a bead, bonds and angles are those of a real frame; between beads, nothing sees to them. One or two
beads define no orientation; an arbitrary one is taken then, the same in every call.
"""

from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from cgbench.chem.superposition import mean_shape, rotations
from cgbench.core.settings import Settings
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext


class RigidTemplateSettings(Settings):
    """Settings of the rigid templates.

    Attributes
    ----------
    neighbours
        Beads, nearest on average over training frames, by which a template is oriented.
    """

    neighbours: Annotated[int, Field(ge=1)] = 3


class Method(DeterministicMethod):
    """x_i = X_I + R_I t_i; R_I by superposition of the vectors to the neighbours of bead I."""

    Settings = RigidTemplateSettings
    equivariance = "SE(3)"
    reference = (
        "after the rigid fragments of O. N. Vickery, P. J. Stansfeld, J. Chem. Theory Comput. 17, 6472 (2021)"
    )
    settings: RigidTemplateSettings

    neighbours: NDArray[np.int64]  # [n_beads, k]
    vectors: Positions  # [n_beads, k, 3], from a bead to its neighbours in the frame of its template
    offsets: Positions  # [n_atoms, 3], from the bead of an atom to the atom in that frame

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Take for each bead the training frame whose piece is nearest to the mean of all pieces."""
        positions = train.astype(np.float64)
        beads = self.mapping.beads(positions)
        offsets = positions - self.mapping.lift(beads)
        self.neighbours = self._nearest(beads)
        vectors = self._vectors(beads)
        self.vectors, self.offsets = np.empty(vectors.shape[1:]), np.empty(offsets.shape[1:])
        for bead in range(self.mapping.n_beads):
            atoms = self.mapping.bead_index == bead
            mean = mean_shape(vectors[:, bead], self._weights, self._generator())
            pieces = offsets[:, atoms] @ rotations(mean, vectors[:, bead], self._weights, self._generator())
            template = int(np.square(pieces - pieces.mean(axis=0)).sum(axis=(1, 2)).argmin())
            self.vectors[bead], self.offsets[atoms] = vectors[template, bead], offsets[template, atoms]

    def _nearest(self, beads: Positions) -> NDArray[np.int64]:
        distance = np.linalg.norm(beads[:, None] - beads[:, :, None], axis=-1).mean(axis=0)
        k = min(self.settings.neighbours, self.mapping.n_beads - 1)
        return np.argsort(distance, axis=1, kind="stable")[:, 1 : k + 1]

    def _vectors(self, beads: Positions) -> Positions:
        return np.asarray(beads[:, self.neighbours] - beads[:, :, None])

    @property
    def _weights(self) -> Positions:
        return np.ones(self.neighbours.shape[1])

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(0)

    def backmap(self, beads: Positions) -> Positions:
        """Turn the templates onto beads [n_frames, n_beads, 3]: [n_frames, n_atoms, 3]."""
        exact = beads.astype(np.float64)
        turns = rotations(self.vectors, self._vectors(exact), self._weights, self._generator())
        offsets = np.einsum("faij,aj->fai", turns[:, self.mapping.bead_index], self.offsets)
        return np.asarray(self.mapping.lift(exact) + offsets, dtype=beads.dtype)

    def state(self) -> dict[str, Any]:
        """Return templates and neighbours."""
        return {name: torch.as_tensor(getattr(self, name)) for name in ("neighbours", "vectors", "offsets")}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set templates and neighbours."""
        self.neighbours, self.vectors, self.offsets = (
            state[name].numpy() for name in ("neighbours", "vectors", "offsets")
        )
