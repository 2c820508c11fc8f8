"""Reading of predictions that any program made: geometries of the test frames, matched to the molecule."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_matching import AtomMatch, match_atoms, read_labels
from cgbench.chem.atom_sets import unplaced_atoms
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.trajectory_io import load_trajectory, write_pdb
from cgbench.core.errors import InputError
from cgbench.core.safe_io import opened_arrays, require
from cgbench.core.wording import counted, listed
from cgbench.formats.recognition import format_of
from cgbench.formats.stored_frames import FILL

MOST_SAMPLES = 100  # per frame, which bounds the memory that a hostile file can take
ARRAY = "samples"
PDB = (".pdb", ".pdb.gz")


@dataclass(frozen=True)
class Predictions:
    """Geometries for the test frames of a fold.

    Attributes
    ----------
    samples : float32 [n_frames, n_samples, n_atoms, 3]
        Å, in the order of the atoms of the molecule; NaN for absent atoms.
    absent : int [n_absent]
        Atoms of the molecule that the predictions lack, sorted.
    old_numbers : int [n_groups, 2]
        Hydrogens of CH2 groups that are numbered 1 and 2 in the file
        (:class:`cgbench.chem.atom_matching.AtomMatch`).
    notes
        What was left out, one sentence each.
    name
        File, or what made the predictions, for messages.
    """

    samples: NDArray[np.float32]
    absent: IntArray
    old_numbers: IntArray
    notes: tuple[str, ...]
    name: str


def read_predictions(
    path: Path | str, molecule: Molecule, n_frames: int, topology: Path | str | None = None
) -> Predictions:
    """Read predictions from NPZ, PDB with several models, or a trajectory.

    Parameters
    ----------
    path
        NPZ with an array ``samples`` [n_frames, n_samples, n_atoms, 3] or [n_frames, n_atoms, 3] in Å, or
        geometries of any format that mdtraj reads, the samples of a frame one after the other.
    topology
        File with the names of the atoms. Without it, a PDB file names them itself, and other files have all
        atoms of the task in its order, or, as NPZ, all heavy atoms.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another number of frames, if atoms cannot be matched or heavy
        atoms are missing, or if a coordinate is not a number.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file of predictions; check the path, and {{fold}} in it")
    if path.suffix.lower() == ".npy":
        raise InputError(f"{path}: an array without a name; write NPZ: numpy.savez(path, {ARRAY}=array)")
    if path.suffix.lower() == ".npz":
        labels = None if topology is None else read_labels(topology)
        geometries = _read_array(path, n_frames, molecule.n_atoms if labels is None else len(labels))
        match = _in_order(path, geometries.shape[2], molecule)
    else:
        given = topology if topology or format_of(path) not in PDB else path
        labels = None if given is None else read_labels(given)
        geometries = _by_frame(path, _read_trajectory(path, given, molecule), n_frames)
        match = _in_order(path, geometries.shape[2], molecule)
    if labels is not None:
        if len(labels) != geometries.shape[2]:
            raise InputError(
                f"{path}: {geometries.shape[2]} atoms, but {topology} has {len(labels)}; give the topology "
                "of these predictions"
            )
        match = match_atoms(labels, molecule, topology or path)
    if match is None:
        raise InputError(
            f"{path}: {geometries.shape[2]} atoms, but the task has {molecule.n_atoms}, of which "
            f"{int(molecule.heavy.sum())} are heavy; give all atoms or all heavy atoms in the order of "
            "topology.pdb, or a topology with their names"
        )
    return _matched(path, geometries, match, molecule)


def _in_order(path: Path, n_atoms: int, molecule: Molecule) -> AtomMatch | None:
    """Match atoms without names: all of them, or all heavy atoms, in the order of the task."""
    everything = np.arange(molecule.n_atoms)
    for atoms in (everything, np.flatnonzero(molecule.heavy)):
        if n_atoms == len(atoms):
            absent = np.setdiff1d(everything, atoms)
            return AtomMatch(np.arange(n_atoms), atoms, absent, (), np.empty((0, 2), dtype=np.int64))
    return None


def _read_array(path: Path, n_frames: int, n_atoms: int) -> NDArray[np.float32]:
    """Read the array of an NPZ file after a look at its size; nothing in it is executed."""
    with opened_arrays(
        path,
        "predictions",
        "check the path",
        f"write it with numpy.savez(path, {ARRAY}=array), floating-point numbers [n_frames, n_samples, "
        "n_atoms, 3] in Å",
    ) as arrays:
        require(isinstance(arrays, np.lib.npyio.NpzFile), "an archive of arrays (.npz)")
        names = [ARRAY] if ARRAY in arrays.files else arrays.files
        require(len(names) == 1, f"an array named {ARRAY!r}; there are: {', '.join(names)[:200] or 'none'}")
        stored = {info.filename.removesuffix(".npy"): info for info in arrays.zip.infolist()}[names[0]]
        with arrays.zip.open(stored) as file:
            old = np.lib.format.read_magic(file) == (1, 0)
            read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
            _, _, dtype = read(file)
        require(dtype.kind == "f", f"floating-point numbers, not {dtype}")
        size = stored.file_size
        most = MOST_SAMPLES * n_frames * n_atoms * 24 + 1000
        require(
            size <= most,
            f"at most {MOST_SAMPLES} samples of {n_frames} frames of {n_atoms} atoms ({most} bytes in double "
            f"precision), not {size} bytes",
        )
        array = arrays[names[0]]
        require(array.ndim in (3, 4) and array.shape[-1] == 3 and array.size, f"positions, not {array.shape}")
        require(
            array.ndim == 3 or len(array) == n_frames or array.shape[1] != n_frames,
            f"[n_frames, n_samples, n_atoms, 3], but the axes of frames and samples are exchanged in "
            f"{array.shape}; give {ARRAY}.swapaxes(0, 1)",
        )
        require(
            array.ndim == 3 or array.shape[1] <= MOST_SAMPLES,
            f"at most {MOST_SAMPLES} samples of a frame, not {array.shape[1]}",
        )
    geometries = array[:, None] if array.ndim == 3 else array
    if len(geometries) != n_frames:
        raise InputError(_wrong_number(path, f"shape {array.shape}: {len(geometries)} frames", n_frames))
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused below
        return np.asarray(geometries, dtype=np.float32)


def _read_trajectory(path: Path, topology: Path | str | None, molecule: Molecule) -> NDArray[np.float32]:
    with TemporaryDirectory() as folder:
        task = Path(folder) / "topology.pdb"
        write_pdb(task, np.zeros((molecule.n_atoms, 3), dtype=np.float32), molecule)
        try:
            return load_trajectory(path, topology or task).positions
        except InputError as error:
            raise InputError(str(error).replace(str(task), "topology.pdb of the task")) from None


def _by_frame(path: Path, geometries: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """Return samples [n_frames, n_samples, n_atoms, 3] of geometries with those of a frame in a row."""
    if len(geometries) % n_frames or len(geometries) // n_frames > MOST_SAMPLES:
        raise InputError(_wrong_number(path, counted(len(geometries), "geometry", "geometries"), n_frames))
    return geometries.reshape(n_frames, -1, *geometries.shape[1:])


def _wrong_number(path: Path, found: str, n_frames: int) -> str:
    return (
        f"{path}: {found}, but the task has {counted(n_frames, 'test frame')} in this fold; give for each of "
        f"them the same number of samples, {MOST_SAMPLES} at most, in the order of beads.npz; if the task "
        "was exported with --config, give the same options here"
    )


def _matched(
    path: Path, geometries: NDArray[np.float32], match: AtomMatch, molecule: Molecule
) -> Predictions:
    """Put the atoms into the order of the molecule; some hydrogens are as good as none."""
    absent, notes = match.absent, []
    heavy = absent[molecule.heavy[absent]]
    hydrogens = np.flatnonzero(~molecule.heavy)
    if match.extra:
        notes.append(f"left out {len(match.extra)} atoms that the task lacks: {listed(match.extra)}")
    if missing := [molecule.label(atom) for atom in np.setdiff1d(heavy, unplaced_atoms(molecule)).tolist()]:
        unknown = f"; atoms with other names: {listed(match.extra)}" if match.extra else ""
        raise InputError(
            f"{path}: {len(missing)} heavy atoms of the task are missing: {listed(missing)}{unknown}; name "
            "them as topology.pdb of the task does, and give all of them"
        )
    if len(lacking := np.setdiff1d(absent, heavy)):
        some = "" if len(lacking) == len(hydrogens) else f"{len(lacking)} of {len(hydrogens)} "
        only = "" if len(heavy) else ": scored by heavy atoms only"
        notes.append(f"{some}hydrogens are missing{only}")
        absent = np.union1d(heavy, hydrogens)
    if len(heavy):
        labels = listed([molecule.label(atom) for atom in heavy.tolist()])
        notes.append(
            f"{counted(len(heavy), 'heavy atom')} of caps or ends are missing: {labels}; scored by backbone "
            "and side chains, which do not contain them"
        )
    samples = np.full((*geometries.shape[:2], molecule.n_atoms, 3), np.nan, dtype=np.float32)
    samples[:, :, match.of_molecule] = geometries[:, :, match.of_file]
    _require_numbers(path, samples[:, :, match.of_molecule], match.of_molecule, molecule)
    samples[:, :, absent] = np.nan
    return Predictions(samples, absent, match.old_numbers, tuple(notes), str(path))


def _require_numbers(path: Path, known: NDArray[np.float32], atoms: IntArray, molecule: Molecule) -> None:
    frames, of_frames, of_samples = np.nonzero(~(np.abs(known) < FILL).all(axis=-1))  # false for NaN
    if not len(frames):
        return
    raise InputError(
        f"{path}: NaN, infinite coordinates or fill values in {len(np.unique(frames))} of {len(known)} "
        f"frames, the first in frame {frames[0]}, sample {of_frames[0]}, atom "
        f"{molecule.label(int(atoms[of_samples[0]]))}; predict them again"
    )
