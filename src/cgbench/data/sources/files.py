"""Trajectories of one's own, in any format that mdtraj reads."""

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
from cgbench.core.settings import Settings
from cgbench.data.sources.base import DatasetSource

# Settings that take one name or several.
OneOrMore = BeforeValidator(
    lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | tuple[str, ...]
)
ForceFieldFile = Annotated[str, Field(pattern=r"^[\w./-]+\.xml$")]


class FilesSettings(Settings):
    """Which files, and what is known about them.

    Attributes
    ----------
    topology
        Any file from which mdtraj reads atoms (PDB, prmtop, PSF, GRO, ...).
    trajectories
        One or several files, each an independent trajectory; ``*`` and ``?`` stand for any
        characters, and what they match is sorted by name.
    selection
        Atoms to keep, in mdtraj's selection language.
    stride
        Keep every ``stride``-th frame.
    frame_interval_ps
        Time between the frames of the files, ps. Needed where the format holds no time (DCD, PDB,
        XYZ, mdcrd); otherwise it overrides what the files say.
    openmm_force_field
        Names of files that come with OpenMM, in which energies are to be computed.
    temperature_K, title, force_field, licence, citation
        Go into the card.
    """

    topology: str
    trajectories: Annotated[
        tuple[str, ...],
        OneOrMore,
        Field(min_length=1),
    ]
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
    """Read, select, complete missing bonds and make broken molecules whole; the card says what was done."""

    Settings = FilesSettings
    settings: FilesSettings

    def input_files(self) -> list[str]:
        """List the topology and the trajectories, patterns expanded."""
        return [self.settings.topology, *self._trajectory_files()]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all trajectories."""
        chosen = self.settings
        molecule = read_topology(chosen.topology, chosen.selection)
        files = self._trajectory_files()
        done: list[str] = []
        positions, times = [], []
        for number, file in enumerate(files):
            raw = load_trajectory(file, chosen.topology, chosen.selection, chosen.stride)
            if number == 0:
                for mend in (_without_chain_ends, _with_all_bonds):
                    molecule, note = mend(molecule, raw)
                    if note:
                        done.append(f"{chosen.topology}: {note}")
                        warnings.warn(
                            f"{done[-1]}; check them, or give a topology with bonds and chains", stacklevel=2
                        )
            positions.append(_whole(raw, molecule, file, done))
            times.append(self._time(raw, file))
        frames = Frames(
            positions=np.concatenate(positions),
            trajectory=np.repeat(np.arange(len(files)), [len(time) for time in times]),
            time=np.concatenate(times),
            molecule=molecule,
        )
        if chosen.openmm_force_field:
            _refuse_unknown(molecule, chosen.openmm_force_field)
        described = {"title", "temperature_K", "force_field", "licence", "citation"}
        card = {
            **chosen.model_dump(include=described),
            **chosen.model_dump(include={"topology", "selection", "stride"}),
            # Where the card of a simulation has it, too.
            "spec": {"force_field": list(chosen.openmm_force_field)},
            "processing": done,
            "trajectories": [{"file": file} for file in files],
        }
        return frames, card

    def _trajectory_files(self) -> list[str]:
        files: list[str] = []
        for pattern in self.settings.trajectories:
            is_pattern = glob.has_magic(pattern)
            # Path.glob refuses absolute patterns.
            matches = sorted(glob.glob(pattern)) if is_pattern else [pattern]  # noqa: PTH207
            if not matches:
                raise InputError(
                    f"trajectories: no file matches {pattern!r} in {Path.cwd()}; correct the pattern, "
                    "it is relative to the working directory"
                )
            files += matches
        repeated = sorted({file for file in files if files.count(file) > 1})
        if repeated:
            raise InputError(f"trajectories: {', '.join(repeated)} named more than once; name each file once")
        return files

    def _time(self, raw: RawTrajectory, file: str) -> NDArray[np.float64]:
        interval = self.settings.frame_interval_ps
        if interval is not None:
            return np.asarray(np.arange(len(raw.time)) * interval * self.settings.stride)
        if not raw.timed:
            raise InputError(
                f"{file}: the time of frames is not read from it, as it or its format has none; set "
                "frame_interval_ps (ps between the frames of the file), by which gaps between parts of a "
                "split are measured"
            )
        return raw.time


def _refuse_unknown(molecule: Molecule, files: tuple[str, ...]) -> None:
    """Refuse a force field that is none, or none of this molecule, before anything is trained."""
    # A second to import, and most datasets name none.
    from cgbench.chem.force_field import make_system

    try:
        make_system(molecule, files)
    except InputError as error:
        raise InputError(f"openmm_force_field: {error}") from None


def _without_chain_ends(molecule: Molecule, raw: RawTrajectory) -> tuple[Molecule, str]:
    """Drop bonds over the end of a chain, which formats without chains draw to the first atom of the next.

    Without a cell nothing is dropped: a bond that is too long may be one that crosses the boundary.
    """
    if raw.cell is None:
        return molecule, ""
    lengths = distances(molecule, raw.positions[0], molecule.bonds, raw.cell[0])
    residues = molecule.residue_index[molecule.bonds]
    over = (lengths > LONGEST_BOND) & (residues[:, 0] != residues[:, 1])
    if not over.any():
        return molecule, ""
    note = (
        f"{int(over.sum())} bonds between residues are longer than {LONGEST_BOND:g} Å in the first frame and "
        "were dropped as ends of chains"
    )
    return replace(molecule, bonds=molecule.bonds[~over]), note


def _with_all_bonds(molecule: Molecule, raw: RawTrajectory) -> tuple[Molecule, str]:
    """Add bonds by distance where atoms have none, the molecule is in pieces, or both atoms are sulphurs.

    Of few formats readers know bonds between sulphurs.
    """
    piece = np.empty(molecule.n_atoms, dtype=np.int64)
    for number, atoms in enumerate(nx.connected_components(molecule.graph)):
        piece[list(atoms)] = number
    sulphur = np.array(molecule.elements) == "S"
    if not piece.any() and sulphur.sum() < 2:
        return molecule, ""
    # Where there is one piece only sulphurs are looked at: of all atoms there are many pairs.
    some = np.arange(molecule.n_atoms) if piece.any() else np.flatnonzero(sulphur)
    cell = None if raw.cell is None else raw.cell[0]
    near = some[bonds_from_distances(molecule.subset(some), raw.positions[0, some], cell)]
    lonely = np.setdiff1d(np.arange(molecule.n_atoms), molecule.bonds)
    missing = np.isin(near, lonely).any(axis=1) | (piece[near[:, 0]] != piece[near[:, 1]])
    added = near[missing | sulphur[near].all(axis=1)]
    completed = replace(molecule, bonds=np.unique(np.concatenate([molecule.bonds, added]), axis=0))
    n_added = len(completed.bonds) - len(molecule.bonds)
    if not n_added and not piece.any():
        return molecule, ""
    note = (
        f"{len(molecule.bonds)} bonds leave {molecule.n_atoms} atoms in {piece.max() + 1} pieces; {n_added} "
        "bonds were added by distance in the first frame (d < 1.3 (r_i + r_j)), which leaves "
        f"{nx.number_connected_components(completed.graph)}"
    )
    return completed, note


def _whole(raw: RawTrajectory, molecule: Molecule, file: str, done: list[str]) -> NDArray[np.float32]:
    """Make molecules whole where a bond is too long to be one, and keep several of them together."""
    lengths = longest_bond(raw.positions, molecule.bonds)
    broken = lengths > LONGEST_BOND
    pieces = nx.number_connected_components(molecule.graph)
    if raw.cell is None or not (broken.any() or pieces > 1):
        positions = raw.positions
    elif pieces == 1:
        positions = raw.positions.copy()
        positions[broken] = make_whole(raw.positions[broken], raw.cell[broken], molecule)
    else:
        # Each may have left by another side of the cell, in frames where every bond is short.
        positions = make_whole(raw.positions, raw.cell, molecule)
    lengths = longest_bond(positions, molecule.bonds)
    if lengths.max() > LONGEST_BOND:
        frame = int(lengths.argmax())
        pair = molecule.bonds[pair_distances(positions[frame], molecule.bonds).argmax()]
        names = "–".join(f"{molecule.residue_names[atom]} {molecule.atom_names[atom]}" for atom in pair)
        raise InputError(
            f"{file}: frame {frame} (after stride) has a bond of {lengths.max():.1f} Å ({names}, atoms "
            f"{pair[0]} and {pair[1]}){' and no periodic unit cell' if raw.cell is None else ''}; give a "
            "topology whose atoms are in the order of the trajectory and that tells chains apart, or make "
            "molecules whole first (gmx trjconv -pbc whole, cpptraj autoimage)"
        )
    if broken.any():
        done.append(
            f"{file}: molecules made whole across the periodic boundary in {int(broken.sum())} frames"
        )
    if raw.cell is not None and pieces > 1:
        done.append(
            f"{file}: {pieces} pieces kept at the images in which they are nearest to each other, by the "
            "atoms that are nearest in the first frame"
        )
    return positions
