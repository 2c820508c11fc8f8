"""The user's own trajectories, in any format that mdtraj reads."""

import glob
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import pair_distances
from cgbench.chem.molecule import Molecule
from cgbench.chem.pbc import LONGEST_BOND, bonds_from_distances, distances, longest_bond, make_whole
from cgbench.chem.trajectory_io import RawTrajectory, load_trajectory, read_topology
from cgbench.core.errors import InputError
from cgbench.core.settings import InputPath, Settings
from cgbench.data.sources.base import DatasetSource

# Settings that take one name or several.
OneOrMore = BeforeValidator(
    lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | tuple[str, ...]
)
ForceFieldFile = Annotated[str, Field(pattern=r"^[\w./-]+\.xml$")]


class FilesSettings(Settings):
    """Frames from topology and trajectory files, and what is known about them.

    Attributes
    ----------
    topology
        File from which mdtraj reads the atoms (PDB, prmtop, PSF, GRO, ...).
    trajectories
        One or more files, each an independent trajectory. The patterns ``*`` and ``?`` are allowed; files
        that match them are sorted by name.
    selection
        Atoms to use, in the selection language of mdtraj.
    stride
        Use every ``stride``-th frame.
    frame_interval_ps
        Time between frames of the files, ps. Required for formats without time (DCD, PDB, XYZ, mdcrd);
        otherwise it replaces the time in the files.
    openmm_force_field
        Names of force field files of OpenMM with which energies are computed.
    temperature_K, title, force_field, licence, citation
        Copied to ``card.json``.
    """

    topology: InputPath
    trajectories: Annotated[tuple[InputPath, ...], OneOrMore, Field(min_length=1)]
    selection: str = "all"
    stride: Annotated[int, Field(ge=1)] = 1
    frame_interval_ps: Annotated[float, Field(gt=0)] | None = None
    openmm_force_field: Annotated[tuple[ForceFieldFile, ...], OneOrMore] = ()
    temperature_K: Annotated[float, Field(gt=0)] | None = None  # noqa: N815
    title: str | None = None
    force_field: str | None = None
    licence: str | None = None
    citation: str | None = None


class Source(DatasetSource):
    """Read trajectories, complete missing bonds and join molecules across periodic boundaries.

    The card lists these changes under ``processing``.
    """

    Settings = FilesSettings
    settings: FilesSettings

    def input_files(self) -> list[str]:
        """List the topology and the trajectories, with patterns expanded."""
        return [self.settings.topology, *self._trajectory_files()]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all trajectories."""
        settings = self.settings
        molecule = read_topology(settings.topology, settings.selection)
        files = self._trajectory_files()
        processing: list[str] = []
        positions, times = [], []
        for number, file in enumerate(files):
            raw = load_trajectory(file, settings.topology, settings.selection, settings.stride)
            if number == 0:
                for correct in (_drop_bonds_between_chains, _add_missing_bonds):
                    molecule, note = correct(molecule, raw)
                    if note:
                        processing.append(f"{settings.topology}: {note}")
                        warnings.warn(
                            f"{processing[-1]}; check them, or give a topology with bonds and chains",
                            stacklevel=2,
                        )
            positions.append(_join_molecules(raw, molecule, file, processing))
            times.append(self._time(raw, file))
        frames = Frames(
            positions=np.concatenate(positions),
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

    def _trajectory_files(self) -> list[str]:
        files: list[str] = []
        for pattern in self.settings.trajectories:
            matches = _matching_files(pattern)
            if not matches:
                raise InputError(
                    f"trajectories: no file matches {pattern!r} in {Path.cwd()}; correct the pattern, "
                    "it is relative to the working directory"
                )
            files += matches
        repeated = sorted({file for file in files if files.count(file) > 1})
        if repeated:
            raise InputError(
                f"trajectories: {', '.join(repeated)} listed more than once; list each file once"
            )
        return files

    def _time(self, raw: RawTrajectory, file: str) -> NDArray[np.float64]:
        interval = self.settings.frame_interval_ps
        if interval is not None:
            return np.asarray(np.arange(len(raw.time)) * interval * self.settings.stride)
        if not raw.timed:
            raise InputError(
                f"{file}: the file or its format holds no time of frames; set frame_interval_ps (ps between "
                "the frames of the file), from which the gaps between parts of a split are measured"
            )
        return raw.time


def _matching_files(pattern: str) -> list[str]:
    """List the files that a pattern matches; the name of a file that exists is no pattern."""
    if Path(pattern).is_file() or not glob.has_magic(pattern):
        return [pattern]
    # Path.glob refuses absolute patterns. Brackets are tried as a part of names too.
    return sorted(glob.glob(pattern) or glob.glob(pattern.replace("[", "[[]")))  # noqa: PTH207


def _check_force_field(molecule: Molecule, files: tuple[str, ...]) -> None:
    """Refuse an unknown force field, or one without parameters for this molecule, before any training."""
    # Imported here, because it takes a second.
    from cgbench.chem.force_field import make_system

    try:
        make_system(molecule, files)
    except InputError as error:
        raise InputError(f"openmm_force_field: {error}") from None


def _drop_bonds_between_chains(molecule: Molecule, raw: RawTrajectory) -> tuple[Molecule, str]:
    """Drop the bonds that formats without chains add between the end of a chain and the next chain.

    Nothing is dropped if there is no unit cell, because a long bond may cross the periodic boundary.
    """
    if raw.cell is None:
        return molecule, ""
    lengths = distances(molecule, raw.positions[0], molecule.bonds, raw.cell[0])
    residues = molecule.residue_index[molecule.bonds]
    wrong = (lengths > LONGEST_BOND) & (residues[:, 0] != residues[:, 1])
    if not wrong.any():
        return molecule, ""
    note = (
        f"{int(wrong.sum())} bonds between residues are longer than {LONGEST_BOND:g} Å in the first frame "
        "and were dropped as ends of chains"
    )
    return replace(molecule, bonds=molecule.bonds[~wrong]), note


def _add_missing_bonds(molecule: Molecule, raw: RawTrajectory) -> tuple[Molecule, str]:
    """Add bonds by distance to atoms without bonds, between components, and between sulphur atoms.

    Few formats hold disulphide bonds.
    """
    component = np.empty(molecule.n_atoms, dtype=np.int64)
    for number, atoms in enumerate(nx.connected_components(molecule.graph)):
        component[list(atoms)] = number
    connected = not component.any()
    is_sulphur = np.array(molecule.elements) == "S"
    if connected and is_sulphur.sum() < 2:
        return molecule, ""
    # In a connected molecule only pairs of sulphur atoms are tested, because there are many other pairs.
    tested = np.flatnonzero(is_sulphur) if connected else np.arange(molecule.n_atoms)
    cell = None if raw.cell is None else raw.cell[0]
    near = tested[bonds_from_distances(molecule.subset(tested), raw.positions[0, tested], cell)]
    without_bonds = np.setdiff1d(np.arange(molecule.n_atoms), molecule.bonds)
    missing = np.isin(near, without_bonds).any(axis=1) | (component[near[:, 0]] != component[near[:, 1]])
    added = near[missing | is_sulphur[near].all(axis=1)]
    completed = replace(molecule, bonds=np.unique(np.concatenate([molecule.bonds, added]), axis=0))
    n_added = len(completed.bonds) - len(molecule.bonds)
    if not n_added and connected:
        return molecule, ""
    note = (
        f"the topology has {len(molecule.bonds)} bonds and {_components(component.max() + 1)}; {n_added} "
        "bonds were added by distance in the first frame (d < 1.3 (r_i + r_j)), which gives "
        f"{_components(nx.number_connected_components(completed.graph))}"
    )
    return completed, note


def _components(number: int) -> str:
    return "one connected component" if number == 1 else f"{number} connected components"


def _join_molecules(
    raw: RawTrajectory, molecule: Molecule, file: str, processing: list[str]
) -> NDArray[np.float32]:
    """Join molecules that are broken across periodic boundaries, and place several at nearest images."""
    broken = longest_bond(raw.positions, molecule.bonds) > LONGEST_BOND
    n_components = nx.number_connected_components(molecule.graph)
    positions = raw.positions
    if raw.cell is not None and n_components > 1:
        # They may be at different images in frames where every bond is short.
        positions = make_whole(raw.positions, raw.cell, molecule)
    elif raw.cell is not None and broken.any():
        positions = raw.positions.copy()
        positions[broken] = make_whole(raw.positions[broken], raw.cell[broken], molecule)
    lengths = longest_bond(positions, molecule.bonds)
    if lengths.max() > LONGEST_BOND:
        frame = int(lengths.argmax())
        pair = molecule.bonds[pair_distances(positions[frame], molecule.bonds).argmax()]
        names = "–".join(f"{molecule.residue_names[atom]} {molecule.atom_names[atom]}" for atom in pair)
        raise InputError(
            f"{file}: frame {frame} (after stride) has a bond of {lengths.max():.1f} Å ({names}, atoms "
            f"{pair[0]} and {pair[1]}){' and no periodic unit cell' if raw.cell is None else ''}; give a "
            "topology with chains whose atoms are in the order of the trajectory, or join broken molecules "
            "first (gmx trjconv -pbc whole, cpptraj autoimage)"
        )
    if broken.any():
        processing.append(
            f"{file}: molecules were joined across the periodic boundary in {int(broken.sum())} frames"
        )
    if raw.cell is not None and n_components > 1:
        processing.append(
            f"{file}: {n_components} connected components were placed at the images in which they are "
            "nearest to each other, by the atoms that are nearest in the first frame"
        )
    return positions
