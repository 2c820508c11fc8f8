"""Correlation times of trajectories."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import all_pairs, in_chunks, pair_distances

MAX_ATOMS = 32  # evenly spaced heavy atoms: enough for the shape of a chain at a bounded cost
MAX_FRAMES = 2000  # evenly spaced frames from which the principal component is computed
WINDOW = 5.0  # summation window in correlation times (A. Sokal, 1997)
MIN_LENGTH = 50.0  # correlation times that the longest trajectory must last for a reliable estimate


@dataclass(frozen=True)
class CorrelationTime:
    """Integrated autocorrelation time.

    Attributes
    ----------
    ps
        Time, ps.
    lower_bound
        Whether the estimate is only a lower bound, because the trajectories are too short or visit
        different regions.
    """

    ps: float
    lower_bound: bool


def correlation_time(frames: Frames) -> CorrelationTime:
    """Estimate the time between statistically independent frames.

    The observable is the leading principal component of the distances between heavy atoms. It is
    invariant under rotation and translation and follows the largest motion of any molecule.
    τ = Δt (1/2 + Σ_k ρ(k)) is summed up to the first lag k ≥ 5 τ/Δt (Sokal's window).
    """
    observable = _leading_component(frames)
    trajectories = [np.flatnonzero(frames.trajectory == number) for number in np.unique(frames.trajectory)]
    intervals = np.concatenate([np.diff(frames.time[rows]) for rows in trajectories])
    if not len(intervals) or not observable.std():
        return CorrelationTime(0.0, lower_bound=True)
    series = [observable[rows] for rows in trajectories]
    steps, converged = integrated_time(series)
    long_enough = max(map(len, series)) >= MIN_LENGTH * steps
    return CorrelationTime(steps * float(np.median(intervals)), not (converged and long_enough))


def integrated_time(series: list[NDArray[np.float64]]) -> tuple[float, bool]:
    """Integrated autocorrelation time of one observable in several series.

    The mean over all series is subtracted, so that series in different states count as correlated
    throughout. (emcee subtracts the mean of each series; pymbar has another window of summation.)

    Parameters
    ----------
    series
        Values [n_steps] of each trajectory.

    Returns
    -------
    steps : float
        Correlation time in steps, 0.5 at least.
    converged : bool
        Whether the window ends within half of the longest series.
    """
    # Import takes two seconds, and most jobs only read a stored split.
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
    # Beyond half of the longest series, too few pairs of frames are left to average over.
    last = int(closed[0]) if len(closed) else longest
    return float(max(integrated[min(last, longest // 2)], 0.5)), last <= longest // 2


def _leading_component(frames: Frames) -> NDArray[np.float64]:
    """Leading principal component [n_frames] of the distances between heavy atoms, Å."""
    heavy = np.flatnonzero(frames.molecule.heavy)
    if len(heavy) < 2:
        heavy = np.arange(frames.molecule.n_atoms)
    atoms = heavy[np.linspace(0, len(heavy) - 1, min(MAX_ATOMS, len(heavy))).astype(np.int64)]
    pairs = all_pairs(len(atoms))
    if not len(pairs):
        return np.zeros(len(frames))
    chosen = np.linspace(0, len(frames) - 1, min(MAX_FRAMES, len(frames))).astype(np.int64)
    distances = pair_distances(frames.positions[chosen][:, atoms], pairs).astype(np.float64)
    _, components = np.linalg.eigh(np.atleast_2d(np.cov(distances, rowvar=False)))
    leading = components[:, -1]
    return in_chunks(
        lambda rows: np.asarray(pair_distances(rows[:, atoms], pairs) @ leading, dtype=np.float64),
        frames.positions,
        bytes_per_row=16 * frames.positions.itemsize * len(pairs),
    )
