"""Distance of the beads of a structure from beads in a file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_matching import AtomLabel
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.wording import counted
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.pipeline.bead_matching import match_beads
from cgbench.pipeline.bead_source import BeadSource, open_beads
from cgbench.pipeline.checks.structure import Structure
from cgbench.pipeline.checks.terms import Terms

MOST_DRIFT = 0.1  # Å
# Mappings that follow from the topology; the names of their beads tell them apart. The last takes seconds.
OF_THE_FIELD = ("alpha_carbon", "calpha_sidechain", "residue_com", "residue_cog", "martini3")


class BeadDrift:
    """Beads in a file, beside which frames of a structure are held.

    Parameters
    ----------
    structure
        The structure; a file of beads with fewer frames has one for equally many consecutive frames each.
    path, topology
        As for :func:`cgbench.pipeline.bead_source.open_beads`.
    mapping
        Name of a mapping of the field, or the JSON file of ``cgbench map``; found by the names of the beads
        if None.

    Raises
    ------
    InputError
        If the beads are not those of the structure, or the numbers of frames do not fit.
    """

    def __init__(
        self, structure: Structure, path: Path | str, topology: Path | str | None, mapping: str | None
    ) -> None:
        source = open_beads(path, topology)
        n_beads, n_frames = source.frames.sample.positions.shape[1], source.frames.n_frames
        if structure.frames.n_frames % n_frames:
            raise InputError(
                f"{path}: {counted(n_frames, 'frame')}, but {structure.path} has "
                f"{structure.frames.n_frames}; give one frame of beads for each frame, or for equally many "
                "frames each"
            )
        self.source = source
        self.mapping = _mapping(structure.molecule, source, n_beads, path, mapping)
        self.beads = bead_molecule(self.mapping, structure.molecule)
        try:
            self.order, self.how = match_beads(source.labels, n_beads, self.beads)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        self.repeats = structure.frames.n_frames // n_frames
        self._frames = self._read()
        matrix = self.mapping.matrix

        def drift(positions: NDArray[np.float32]) -> NDArray[np.floating]:
            given = np.stack([next(self._frames) for _ in positions])
            return np.asarray(np.linalg.norm(matrix @ positions - given, axis=-1))

        self.terms = Terms("bead_drift", "Å", matrix.argmax(axis=1)[:, None], drift, high=MOST_DRIFT)

    def _read(self) -> Iterator[NDArray[np.float32]]:
        """Beads [n_beads, 3] of one frame of the structure after the other."""
        for chunk in self.source.frames.chunks(1000):
            for beads in chunk.joined(self.order, self.beads):
                yield from [beads] * self.repeats


def _mapping(
    molecule: Molecule, source: BeadSource, n_beads: int, path: Path | str, mapping: str | None
) -> Mapping:
    if mapping is not None and mapping not in OF_THE_FIELD:
        if Path(mapping).suffix != ".json":
            raise InputError(
                f"--mapping {mapping}: unknown; give one of {', '.join(OF_THE_FIELD)}, or the JSON file of "
                "`cgbench map`"
            )
        return Mapping.load_for(mapping, molecule.n_atoms, path)
    reason = f"its {counted(n_beads, 'bead')} have the names of no mapping"
    for name in OF_THE_FIELD if mapping is None else (mapping,):
        try:
            made: Mapping = (
                PlugIn.parse("mapping", name, name, {}, name).create().generate(molecule, n_beads, 0)
            )
        except InputError as error:
            reason = reason if mapping is None else str(error)
            continue
        if mapping or _same_names(source.labels, bead_molecule(made, molecule)):
            return made
    raise InputError(
        f"{path}: {reason}; give --mapping, one of {', '.join(OF_THE_FIELD)}, or the JSON file of "
        "`cgbench map`"
    )


def _same_names(labels: list[AtomLabel] | None, beads: Molecule) -> bool:
    return labels is not None and [label.atom for label in labels] == list(beads.atom_names)
