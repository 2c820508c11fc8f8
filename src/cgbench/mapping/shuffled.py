"""Another mapping with a share of the atoms moved to wrong beads, a test of robustness."""

from typing import Annotated

import numpy as np
from pydantic import Field

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core import registry
from cgbench.core.registry import NestedPlugInSettings
from cgbench.data.splits import Split
from cgbench.mapping._partition import renumber
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class ShuffledSettings(NestedPlugInSettings):
    """The mapping to shuffle (``of``, ``settings``) and by how much.

    Attributes
    ----------
    fraction
        Share of atoms that change their bead.
    """

    kind, name = "mapping", "shuffled"
    of: str = "backbone"
    fraction: Annotated[float, Field(ge=0, le=1)] = 0.1


class Generator(MappingGenerator):
    """Move a random share of the atoms of another mapping to random other beads.

    The only atom of a bead never moves, so no bead becomes empty; if too few other atoms remain,
    fewer than the requested share move. Beads are geometric centres, whatever the other mapping has.
    """

    Settings = ShuffledSettings
    settings: ShuffledSettings
    reference = "shuffled mappings of arXiv 2201.12176"
    learned = True  # The other mapping may be; ``generate`` passes it the frames only then.

    def input_files(self) -> list[str]:
        """Return the source file of the other mapping and the input files of that mapping."""
        inner = self.settings.inner()
        return [str(registry.source_file(inner.kind, inner.use)), *inner.create().input_files()]

    def task(self, frames: Frames, split: Split) -> str | None:
        """Check frames and split as the other mapping does; shuffled beads belong to no stored task."""
        self.settings.inner().create().task(frames, split)
        return None

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        original = self.settings.inner().create().generate(molecule, n_beads, seed, positions)
        n_moved = round(self.settings.fraction * molecule.n_atoms)
        return Mapping.centres(shuffle(original.bead_index, n_moved, np.random.default_rng(seed)))


def shuffle(bead_index: IntArray, n_moved: int, rng: np.random.Generator) -> IntArray:
    """Move ``n_moved`` atoms, or as many as possible, to other beads and renumber the beads."""
    labels = bead_index.copy()
    n_beads = int(labels.max()) + 1
    if n_beads == 1:
        return labels
    for atom in rng.permutation(len(labels)).tolist():
        if n_moved == 0:
            break
        if (labels == labels[atom]).sum() > 1:
            # Each of the other beads with equal probability.
            labels[atom] = (labels[atom] + rng.integers(1, n_beads)) % n_beads
            n_moved -= 1
    return renumber(labels)
