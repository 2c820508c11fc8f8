"""The user's own trajectories, in any format that mdtraj reads."""

import glob
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from cgbench.chem.bond_completion import add_missing_bonds, drop_ends_of_chains
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.chem.pbc import LONGEST_BOND, join_molecules, longest_bond
from cgbench.chem.selection_cuts import describe_cuts
from cgbench.chem.topology_io import System, read_system
from cgbench.chem.trajectory_io import RawTrajectory, load_trajectory
from cgbench.core.errors import InputError
from cgbench.core.joining import joined
from cgbench.core.settings import InputPath, Settings
from cgbench.data.joined_parts import join_parts
from cgbench.data.sources.base import DatasetSource

# Settings that take one name or several.
OneOrMore = BeforeValidator(
    lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | tuple[str, ...]
)
# A file, or the consecutive parts of one run.
Parts = Annotated[tuple[InputPath, ...], Field(min_length=1)]
Trajectories = Annotated[
    tuple[InputPath | Parts, ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=str | tuple[str | Parts, ...],
    ),
    Field(min_length=1),
]
ForceFieldFile = Annotated[str, Field(pattern=r"^[\w./-]+\.xml$")]


class FilesSettings(Settings):
    """Frames from topology and trajectory files, and what is known about them.

    Attributes
    ----------
    topology
        File from which mdtraj reads the atoms (PDB, prmtop, PSF, GRO, ...).
    trajectories
        One or more files, each an independent trajectory. The patterns ``*`` and ``?`` are allowed; files
        that match them are sorted by name. A list in the list has the consecutive parts of one trajectory.
    selection
        Atoms to use, in the selection language of mdtraj.
    allow_cut_bonds
        Whether the selection may leave out heavy atoms that are bonded to selected ones.
    elements
        Symbols of elements by atom name, or by residue and atom name (``"MSE SE"``), for topologies without
        elements.
    stride
        Use every ``stride``-th frame.
    frame_interval_ps
        Time between frames of the files, ps. Required for formats without time (DCD, PDB, XYZ, mdcrd, LAMMPS)
        and files whose time is no time (always 0); otherwise it replaces the time in the files.
    openmm_force_field
        Names of force field files of OpenMM with which energies are computed.
    temperature_K, title, force_field, licence, citation
        Copied to ``card.json``.
    """

    topology: InputPath
    trajectories: Trajectories
    selection: str = "all"
    allow_cut_bonds: bool = False
    elements: dict[str, str] = Field(default_factory=dict)
    stride: Annotated[int, Field(ge=1)] = 1
    frame_interval_ps: Annotated[float, Field(gt=0)] | None = None
    openmm_force_field: Annotated[tuple[ForceFieldFile, ...], OneOrMore] = ()
    temperature_K: Annotated[float, Field(gt=0)] | None = None  # noqa: N815
    title: str | None = None
    force_field: str | None = None
    licence: str | None = None
    citation: str | None = None

    def expanded(self, matching: Callable[[str], list[str]]) -> list[list[str]]:
        """Files of the parts of each trajectory; ``matching`` gives the files of a name or pattern."""
        trajectories: list[list[str]] = []
        for entry in self.trajectories:
            if isinstance(entry, str):
                trajectories += [[file] for file in matching(entry)]
            else:
                trajectories.append(
                    [file for pattern in entry for file in sorted(matching(pattern), key=_by_number)]
                )
        return trajectories


class Source(DatasetSource):
    """Read trajectories, complete missing bonds and join molecules across periodic boundaries.

    The card lists these changes under ``processing``.
    """

    Settings = FilesSettings
    settings: FilesSettings

    def input_files(self) -> list[str]:
        """List the topology and the trajectories, with patterns expanded."""
        return [self.settings.topology, *(file for parts in self._trajectory_files() for file in parts)]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all trajectories."""
        settings = self.settings
        system = read_system(settings.topology, settings.selection, settings.elements)
        molecule = system.molecule
        try:
            molecule.require_radii()
        except InputError as error:
            raise InputError(f"{settings.topology}: {error}") from None
        # mdtraj's keyword does not know all names of water.
        kept = "water" in settings.selection and system.without_water != "not water"
        if kept or system.n_water > molecule.n_atoms / 2:
            warnings.warn(
                f"{settings.topology}: {system.n_water} of {molecule.n_atoms} selected atoms are water; "
                "leave it out by `selection`, for example `selection: protein` or "
                f"`selection: {system.without_water}`",
                stacklevel=2,
            )
        trajectories = self._trajectory_files()
        files = [" + ".join(parts) for parts in trajectories]
        processing: list[str] = []
        positions: list[NDArray[np.float32]] = []
        times: list[NDArray[np.float64]] = []
        for parts, file in zip(trajectories, files, strict=True):
            raw = self._load(parts)
            for note in raw.notes:
                processing.append(f"{file}: {note}")
                warnings.warn(processing[-1], stacklevel=2)
            if not positions:
                molecule, notes = self._complete(system, raw, parts)
                processing += notes
            positions.append(_join_molecules(raw, molecule, file, processing))
            times.append(self._time(raw, file))
            del raw  # or the last one would be in memory twice when all are joined
        frames = Frames(
            positions=joined(positions),
            trajectory=np.repeat(np.arange(len(files)), [len(time) for time in times]),
            time=np.concatenate(times),
            molecule=molecule,
        )
        if settings.openmm_force_field:
            _check_force_field(molecule, settings.openmm_force_field)
        described = {"title", "temperature_K", "force_field", "licence", "citation"}
        card = {
            **settings.model_dump(include=described),
            **settings.model_dump(include={"topology", "selection", "stride"}),
            # At the same place as in the card of a simulation.
            "spec": {"force_field": list(settings.openmm_force_field)},
            "processing": processing,
            "trajectories": [{"file": file} for file in files],
        }
        return frames, card

    def _complete(self, system: System, raw: RawTrajectory, parts: list[str]) -> tuple[Molecule, list[str]]:
        """Correct the bonds of the molecule by the first trajectory, and describe this for the card."""
        settings = self.settings
        try:
            cut = describe_cuts(system, raw, parts, settings.topology)
            molecule, dropped = drop_ends_of_chains(system.molecule, raw.positions, raw.cell)
            molecule, added = add_missing_bonds(molecule, raw.positions, raw.cell)
        except InputError as error:
            raise InputError(f"{parts[0]}: {error}") from None
        notes = list(system.notes)
        if cut:
            notes.append(f"selection {settings.selection!r} {cut}")
            if not settings.allow_cut_bonds:
                raise InputError(
                    f"{settings.topology}: {notes[-1]}; select these atoms too (`or resname ...`), or set "
                    "`allow_cut_bonds: true` if the fragments are what you want"
                )
        for note in filter(None, (dropped, added)):
            notes.append(note)
            warnings.warn(
                f"{settings.topology}: {note}; check them, or give a topology with bonds and chains",
                stacklevel=3,
            )
        if undecided := len(molecule.undecided_pairs):
            notes.append(
                f"{undecided} pairs of atoms with a common neighbour are left out of bonds of geometries: "
                "their elements are so large that the bond rule cannot tell them from bonded atoms"
            )
        return molecule, [f"{settings.topology}: {note}" for note in notes]

    def _load(self, parts: list[str]) -> RawTrajectory:
        """Read a trajectory, which may consist of several parts."""
        settings = self.settings
        stride = settings.stride
        system = settings.topology, settings.selection

        def load(part: str, stride: int) -> RawTrajectory:
            return load_trajectory(part, *system, stride, settings.elements)

        if len(parts) == 1:
            return load(parts[0], stride)
        raw = [load(part, 1) for part in parts]
        use_times = self.settings.frame_interval_ps is None and not any(part.no_time for part in raw)
        return join_parts(raw, parts, use_times, stride)

    def _trajectory_files(self) -> list[list[str]]:
        trajectories = self.settings.expanded(_matching)
        files = [file for parts in trajectories for file in parts]
        repeated = sorted({file for file in files if files.count(file) > 1})
        if repeated:
            raise InputError(
                f"trajectories: {', '.join(repeated)} listed more than once; list each file once"
            )
        return trajectories

    def _time(self, raw: RawTrajectory, file: str) -> NDArray[np.float64]:
        interval = self.settings.frame_interval_ps
        if interval is not None:
            return np.asarray(np.arange(len(raw.time)) * interval * self.settings.stride)
        if raw.no_time:
            raise InputError(
                f"{file}: {raw.no_time}; set frame_interval_ps (ps between the frames of the file), from "
                "which the gaps between parts of a split are measured"
            )
        return raw.time


def _matching(pattern: str) -> list[str]:
    """List the files that a pattern matches; the name of a file that exists is no pattern."""
    if Path(pattern).is_file() or not glob.has_magic(pattern):
        return [pattern]
    # Path.glob refuses absolute patterns. Brackets are tried as a part of names too.
    files = sorted(glob.glob(pattern) or glob.glob(pattern.replace("[", "[[]")))  # noqa: PTH207
    if not files:
        raise InputError(
            f"trajectories: no file matches {pattern!r} in {Path.cwd()}; correct the pattern, "
            "it is relative to the working directory"
        )
    return files


def _by_number(file: str) -> list[str | int]:
    """Sort key with which part 10 follows part 9."""
    return [int(part) if part.isdigit() else part for part in re.split("([0-9]+)", file)]


def _check_force_field(molecule: Molecule, files: tuple[str, ...]) -> None:
    """Refuse an unknown force field, or one without parameters for this molecule, before any training."""
    # Imported here, because it takes a second.
    from cgbench.chem.force_field import make_system

    try:
        make_system(molecule, files)
    except InputError as error:
        raise InputError(f"openmm_force_field: {error}") from None


def _join_molecules(
    raw: RawTrajectory, molecule: Molecule, file: str, processing: list[str]
) -> NDArray[np.float32]:
    """Join molecules that are broken across periodic boundaries, and place several at nearest images.

    Bonds that remain too long are left to the check of all frames.
    """
    broken = longest_bond(raw.positions, molecule.bonds) > LONGEST_BOND
    n_components = nx.number_connected_components(molecule.graph)
    positions = raw.positions
    if raw.cell is not None and n_components > 1:
        # They may be at different images in frames where every bond is short.
        positions = join_molecules(raw.positions, raw.cell, molecule)
    elif raw.cell is not None and broken.any():
        positions = raw.positions.copy()
        positions[broken] = join_molecules(raw.positions[broken], raw.cell[broken], molecule)
    if raw.cell is not None and broken.any():
        processing.append(
            f"{file}: molecules were joined across the periodic boundary in {int(broken.sum())} frames"
        )
    if raw.cell is not None and n_components > 1:
        processing.append(
            f"{file}: {n_components} connected components were placed at the images in which they are "
            "nearest to each other, by the atoms that are nearest in the first frame"
        )
    return positions
