"""Confidence intervals of means over folds, from jackknife pseudo-values of blocks of frames.

Frames of a trajectory are correlated, and models differ between folds, so that neither frames nor folds alone
are independent observations. The variance of a mean over folds is estimated twice: from the values of the
folds, and from the blocks (whole trajectories, or parts of one) within them, whose delete-one jackknife
pseudo-values follow from stored sums without the geometries (B. Efron, The Jackknife, the Bootstrap and
Other Resampling Plans, SIAM 1982).

If the values of the folds vary more than their blocks explain, as with models that differ, the variance
between folds is used. Otherwise the folds do not differ measurably and both estimates are pooled. The
interval is that of Student's t with the degrees of freedom of the chosen estimate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from cgbench.chem.molecule import IntArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
ROUNDING = 1e-12  # relative standard error below which values are equal


@dataclass(frozen=True)
class FoldValues:
    """Values of a metric in folds and blocks; of a difference between methods if subtracted.

    Attributes
    ----------
    by_fold : float [..., n_folds]
        Value in each fold, from all its blocks.
    pseudo : float [..., n_blocks]
        Pseudo-value of each block, n · value − (n − 1) · value without the block, in a fold of n blocks. NaN
        where the value is undefined without the block, as with a single block.
    fold : int [n_blocks]
        Fold of each block, 0 to n_folds − 1.
    """

    by_fold: Floats
    pseudo: Floats
    fold: IntArray

    @classmethod
    def of_sums(cls, sums: list[Floats], value: Callable[[Floats], Floats]) -> "FoldValues":
        """Compute the values of folds from their sums over blocks.

        Parameters
        ----------
        sums : list of [n_blocks, k]
            Sums of the metric over the frames of each block, by fold.
        value
            Computes values [...] from sums [..., k].
        """
        folds = []
        for blocks in sums:
            total, n = blocks.sum(axis=0), len(blocks)
            of_all = value(total)
            without = value(total - blocks) if n > 1 else np.full(n, np.nan)
            pseudo = n * of_all - (n - 1) * without
            folds.append(cls(np.array([of_all]), pseudo, np.zeros(n, dtype=np.int64)))
        return cls.joined(folds)

    @classmethod
    def joined(cls, folds: Sequence["FoldValues"]) -> "FoldValues":
        """Join the values of separate folds, each with one fold."""
        fold = np.repeat(np.arange(len(folds)), [len(each.fold) for each in folds])
        by_fold, pseudo = ([getattr(each, name) for each in folds] for name in ("by_fold", "pseudo"))
        return cls(np.concatenate(by_fold, axis=-1), np.concatenate(pseudo, axis=-1), fold)

    def __sub__(self, other: "FoldValues") -> "FoldValues":
        return FoldValues(self.by_fold - other.by_fold, self.pseudo - other.pseudo, self.fold)

    @property
    def blocks_per_fold(self) -> tuple[int, ...]:
        """Number of blocks of each fold whose pseudo-values are defined; 1 if they are not."""
        counts = np.bincount(self.fold)
        known = np.array([np.isfinite(self.pseudo[..., self.fold == f]).all() for f in range(len(counts))])
        return tuple(np.where(known, counts, 1).tolist())

    def mean(self) -> Floats:
        """Mean [...] over the folds in which the value is defined."""
        return mean_of_defined(self.by_fold)

    def variance(self) -> tuple[Floats, Floats]:
        """Variance of the mean over folds [...] and its degrees of freedom; NaN and 0 with a single block."""
        n_folds = self.by_fold.shape[-1]
        of_blocks, n_blocks = self._within_folds()
        if n_folds == 1:
            return of_blocks, np.full_like(of_blocks, n_blocks)
        of_folds = self.by_fold.var(axis=-1, ddof=1) / n_folds
        if not n_blocks:
            return of_folds, np.full_like(of_folds, n_folds - 1.0)
        differ = of_folds > of_blocks
        all_free = n_folds - 1 + n_blocks
        pooled = ((n_folds - 1) * of_folds + n_blocks * of_blocks) / all_free
        return np.where(differ, of_folds, pooled), np.where(differ, n_folds - 1.0, all_free)

    def _within_folds(self) -> tuple[Floats, int]:
        """Variance of the mean over folds [...] that its blocks explain, and its degrees of freedom."""
        counts = np.array(self.blocks_per_fold)
        squares = np.zeros(self.by_fold.shape[:-1])
        for fold in np.flatnonzero(counts > 1):
            pseudo = self.pseudo[..., self.fold == fold]
            squares += np.square(pseudo - pseudo.mean(axis=-1, keepdims=True)).sum(axis=-1)
        freedom = int((counts - 1).sum())
        if not freedom:
            return np.full_like(squares, np.nan), 0
        return squares / freedom * np.mean(1 / np.bincount(self.fold)) / len(counts), freedom

    def statistic(self) -> Floats:
        """Mean over folds [...] in units of its standard error; 0 or infinite if blocks do not differ."""
        mean, variance = self.mean(), self.variance()[0]
        rounding = np.square(ROUNDING * np.abs(self.by_fold).max(axis=-1))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(mean == 0, 0.0, mean / np.sqrt(np.where(variance > rounding, variance, 0.0)))
        return np.where(np.isnan(variance), np.nan, ratio)


@dataclass(frozen=True)
class Estimate:
    """Mean over folds with its confidence interval.

    Attributes
    ----------
    mean
        NaN where it is undefined in every fold.
    low, high
        Ends of the confidence interval; NaN with a single block, or if a fold has no value.
    p
        Two-sided p-value of the hypothesis that the mean is 0.
    statistic
        Mean in units of its standard error.
    """

    mean: float
    low: float
    high: float
    p: float
    statistic: float

    @classmethod
    def of(cls, values: FoldValues) -> "Estimate":
        """Estimate a mean from the values [n_folds] of one metric."""
        mean = float(values.mean())
        variance, freedom = map(float, values.variance())
        if np.isnan(values.by_fold).any() or np.isnan(variance):
            return cls(mean, np.nan, np.nan, np.nan, np.nan)
        statistic = float(values.statistic())
        reach = 0.0
        if np.isfinite(statistic):
            reach = float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(variance))
        return cls(mean, mean - reach, mean + reach, float(2 * stdtr(freedom, -abs(statistic))), statistic)


def mean_of_defined(values: Floats) -> Floats:
    """Mean over the last axis of the values that are not NaN; NaN if all are."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(values, axis=-1) / (~np.isnan(values)).sum(axis=-1))
