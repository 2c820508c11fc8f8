"""What figures of geometries read: the samples of a run, with what its files say of them."""

from dataclasses import dataclass
from pathlib import Path

from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError
from cgbench.results.samples_file import Samples
from cgbench.results.tables import read_metrics, read_run


@dataclass(frozen=True)
class StoredRun:
    """Samples of one run.

    Attributes
    ----------
    method, n_beads, stochastic
        Which run, and whether its samples of a frame differ.
    bound
        ``ceiling`` or ``floor`` for the controls at the ends of every scale, else empty.
    samples
        What the sampling stage wrote.
    scores
        Values of all metrics of all atoms.
    """

    method: str
    n_beads: int
    stochastic: bool
    bound: str
    samples: Samples
    scores: dict[str, float]


def read_stored(run_dir: Path | str, frames: Frames) -> StoredRun:
    """Read ``run.json``, ``samples.npz`` and ``metrics.csv`` of one run.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    run, path = read_run(Path(run_dir) / "run.json"), Path(run_dir) / "samples.npz"
    stored = Samples.load(path)
    samples, n_atoms = stored.samples, frames.molecule.n_atoms
    last = stored.frame_index.max(initial=0)
    if samples.ndim != 4 or samples.shape[2:] != (n_atoms, 3) or last >= len(frames):
        raise InputError(
            f"{path}: samples of shape {samples.shape} do not fit {len(frames)} frames of {n_atoms} atoms"
        )
    table = read_metrics(Path(run_dir) / "metrics.csv")
    of_all = table[table["atoms"] == "all"]
    scores = dict(zip(of_all["metric"], of_all["value"], strict=True))
    return StoredRun(run["method"], run["n_beads"], run["stochastic"], run.get("bound") or "", stored, scores)
