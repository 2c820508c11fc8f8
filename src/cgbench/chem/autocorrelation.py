"""How long frames of a trajectory remember each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import all_pairs, in_chunks, pair_distances

MAX_ATOMS = 32  # whose distances are looked at: enough for the shape of a chain, cheap at any size
MAX_FRAMES = 2000  # from which the principal component is taken
WINDOW = 5.0  # in correlation times, A. Sokal (1997)
TRUSTED = 50.0  # correlation times that a trajectory must last for the estimate to be trusted


@dataclass(frozen=True)
class CorrelationTime:
    """Integrated autocorrelation time.

    Attributes
    ----------
    ps
        In picoseconds.
    lower_bound
        Whether trajectories are too short, or visit too different regions, for more than a bound.
    """

    ps: float
    lower_bound: bool


def correlation_time(frames: Frames) -> CorrelationTime:
    """Estimate the time after which frames are new.

    The observable is the leading principal component of the distances between heavy atoms: it is
    invariant under rotation and translation, needs no knowledge of the molecule and follows its
    largest motion. τ = Δt (1/2 + Σ_k ρ(k)) is summed up to the first lag k ≥ 5 τ/Δt (Sokal's
    window). ρ is measured about the mean over all trajectories, so that trajectories caught in
    different states count as correlated throughout, which is what they are.
    """
    observable = _leading_component(frames)
    series = [observable[frames.trajectory == number] for number in np.unique(frames.trajectory)]
    intervals = np.concatenate(
        [np.diff(frames.time[frames.trajectory == number]) for number in np.unique(frames.trajectory)]
    )
    if not len(intervals) or not observable.std():
        return CorrelationTime(0.0, lower_bound=True)
    steps, complete = integrated_time(series)
    longest = max(map(len, series))
    interval = float(np.median(intervals))
    return CorrelationTime(steps * interval, lower_bound=not complete or longest < TRUSTED * steps)


def integrated_time(series: list[NDArray[np.float64]]) -> tuple[float, bool]:
    """Integrated autocorrelation time of one observable in several series, in steps.

    Returns
    -------
    steps
    complete
        Whether the window closed within the longest series.
    """
    # Two seconds to import, and most jobs only read a split that has been made.
    from scipy import signal

    mean = np.concatenate(series).mean()
    longest = max(map(len, series))
    products, counts = np.zeros(longest), np.zeros(longest)
    for values in series:
        n = len(values)
        products[:n] += signal.correlate(values - mean, values - mean, method="fft")[n - 1 :]
        counts[:n] += np.arange(n, 0, -1)
    covariance = products / counts
    integrated = np.cumsum(covariance / covariance[0]) - 0.5
    closed = np.flatnonzero(np.arange(longest) >= WINDOW * integrated)
    # Half the series at most: beyond, too few pairs of frames are left to average over.
    last = int(closed[0]) if len(closed) else longest
    complete = last <= longest // 2
    return float(max(integrated[min(last, longest // 2)], 0.5)), complete


def _leading_component(frames: Frames) -> NDArray[np.float64]:
    """Leading principal component [n_frames] of the distances between heavy atoms, Å."""
    heavy = np.flatnonzero(frames.molecule.heavy)
    if len(heavy) < 2:
        heavy = np.arange(frames.molecule.n_atoms)
    atoms = heavy[np.linspace(0, len(heavy) - 1, min(MAX_ATOMS, len(heavy))).astype(np.int64)]
    pairs = all_pairs(len(atoms))
    if not len(pairs):
        return np.zeros(len(frames))
    some = np.linspace(0, len(frames) - 1, min(MAX_FRAMES, len(frames))).astype(np.int64)
    distances = pair_distances(frames.positions[some][:, atoms], pairs).astype(np.float64)
    _, axes = np.linalg.eigh(np.atleast_2d(np.cov(distances, rowvar=False)))
    leading = axes[:, -1]
    return in_chunks(
        lambda rows: np.asarray(pair_distances(rows[:, atoms], pairs) @ leading, dtype=np.float64),
        frames.positions,
        bytes_per_row=16 * frames.positions.itemsize * len(pairs),
    )
