"""Rigid-template control: the atoms of every bead as a rigid fragment, oriented by the neighbouring beads.

x_i = X_I + R_I t_i. The templates t_i are fragments of training frames, and R_I superposes the vectors to the
nearest beads. Bonds and angles within a bead are those of an MD frame; the geometry between beads is not
restrained. With one or two beads the orientation is not defined, and the same arbitrary one is used in every
call.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cgbench.chem.superposition import mean_shape, rotations
from cgbench.core.settings import Settings
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext
from cgbench.nn.near_beads import nearest_on_average

# With more beads, distances between all of them in all frames take too much memory.
MANY_BEADS = 192


class RigidTemplateSettings(Settings):
    """Settings of the rigid templates.

    Attributes
    ----------
    neighbours
        Number of beads, nearest on average over the training frames, that orient a template.
    """

    neighbours: Annotated[int, Field(ge=1)] = 2


class Method(DeterministicMethod):
    """x_i = X_I + R_I t_i; R_I by superposition of the vectors to the neighbours of bead I."""

    Settings = RigidTemplateSettings
    equivariance = "SE(3)"
    reference = (
        "after the rigid fragments of O. N. Vickery, P. J. Stansfeld, J. Chem. Theory Comput. 17, 6472 (2021)"
    )
    arrays = ("neighbours", "vectors", "offsets")
    settings: RigidTemplateSettings

    neighbours: NDArray[np.int64]  # [n_beads, k]
    vectors: Positions  # [n_beads, k, 3], from a bead to its neighbours in the frame of its template
    offsets: Positions  # t [n_atoms, 3], from the bead of an atom to the atom in the same frame

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Select for each bead the training frame with the fragment closest to the mean fragment."""
        positions = train.astype(np.float64)
        beads = self.mapping.beads(positions)
        offsets = positions - self.mapping.lift(beads)
        k = min(self.settings.neighbours, self.mapping.n_beads - 1)
        self.neighbours = self._nearest(beads, k)
        vectors, weights = self._vectors(beads), np.ones(k)
        self.vectors, self.offsets = np.empty(vectors.shape[1:]), np.empty(offsets.shape[1:])
        for bead in range(self.mapping.n_beads):
            atoms = self.mapping.bead_index == bead
            mean = mean_shape(vectors[:, bead], weights, np.random.default_rng(0))
            rotation = rotations(mean, vectors[:, bead], weights, np.random.default_rng(0))
            fragments = offsets[:, atoms] @ rotation
            template = int(np.square(fragments - fragments.mean(axis=0)).sum(axis=(1, 2)).argmin())
            self.vectors[bead], self.offsets[atoms] = vectors[template, bead], offsets[template, atoms]

    @staticmethod
    def _nearest(beads: Positions, k: int) -> NDArray[np.int64]:
        """Neighbours [n_beads, k] by mean distance; of many beads, by mean square distance of near ones."""
        if beads.shape[1] > MANY_BEADS:
            return nearest_on_average(beads, k + 1)[:, 1:]
        distance = np.linalg.norm(beads[:, None] - beads[:, :, None], axis=-1).mean(axis=0)
        return np.argsort(distance, axis=1, kind="stable")[:, 1 : k + 1]

    def _vectors(self, beads: Positions) -> Positions:
        return np.asarray(beads[:, self.neighbours] - beads[:, :, None])

    def backmap(self, beads: Positions) -> Positions:
        """Place the templates on beads [n_frames, n_beads, 3]: [n_frames, n_atoms, 3] (Å)."""
        exact = beads.astype(np.float64)
        weights = np.ones(self.neighbours.shape[1])
        rotation = rotations(self.vectors, self._vectors(exact), weights, np.random.default_rng(0))
        offsets = np.einsum("faij,aj->fai", rotation[:, self.mapping.bead_index], self.offsets)
        return np.asarray(self.mapping.lift(exact) + offsets, dtype=beads.dtype)
