"""Another mapping with some atoms in wrong beads: how much a method minds."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core import registry
from cgbench.core.registry import NestedPlugInSettings
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator


class ShuffledSettings(NestedPlugInSettings):
    """What is shuffled, and how much.

    Attributes
    ----------
    fraction
        Share of atoms that change their bead.
    """

    kind, name = "mapping", "shuffled"
    of: str = "backbone"
    fraction: Annotated[float, Field(ge=0, le=1)] = 0.1


class Generator(MappingGenerator):
    """Move a share of the atoms, drawn at random, to other beads, also drawn at random.

    An atom that is alone in its bead stays, so that no bead is emptied, and another moves in its
    place; where there are too few others, fewer atoms move than asked for. Beads are geometric
    centres, whatever they were before.
    """

    Settings = ShuffledSettings
    settings: ShuffledSettings
    reference = "shuffled mappings of arXiv 2201.12176"
    learned = True  # where the mapping to begin with is; others never see the frames

    def input_files(self) -> list[str]:
        """Return the source of the mapping to begin with, and what that is made from."""
        inner = self.settings.inner()
        source = registry.source_file(inner.kind, inner.use)
        return [str(source), *inner.create().input_files()]

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        whole = self.settings.inner().create().generate(molecule, n_beads, seed, positions)
        n_moved = round(self.settings.fraction * molecule.n_atoms)
        return Mapping.centres(shuffled(whole.bead_index, n_moved, np.random.default_rng(seed)))


def shuffled(bead_index: IntArray, n_moved: int, rng: np.random.Generator) -> IntArray:
    """Move ``n_moved`` atoms, or as many as can, to other beads and number the beads anew."""
    labels = bead_index.copy()
    n_beads = int(labels.max()) + 1
    if n_beads == 1:
        return labels
    for atom in rng.permutation(len(labels)).tolist():
        if n_moved == 0:
            break
        if (labels == labels[atom]).sum() > 1:
            # One of the other beads, each as likely.
            labels[atom] = (labels[atom] + rng.integers(1, n_beads)) % n_beads
            n_moved -= 1
    return _partition.numbered(labels)
