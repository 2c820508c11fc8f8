"""Comparison of the best of many methods with the others, with one error rate for all of them.

Among equal methods one is ahead by chance, and the more methods there are, the farther ahead it is of the
last. The largest difference, in units of its standard error, is therefore compared with its own distribution
in simulated boards of equally good methods (a max-T test: P. H. Westfall, S. S. Young, Resampling-Based
Multiple Testing, Wiley 1993). Their values vary between blocks and, as a model is trained anew in each fold,
between folds; the size of the latter is not known, and the least favourable of several sizes counts.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cgbench.statistics.confidence_intervals import FoldValues

Floats = NDArray[np.float64]

N_BOARDS = 4000
SEED = 2022
# Deviation of the values of folds by training, in units of the sampling error of a fold.
TRAINING_EFFECTS = (0.0, 1.0, 2.0, 6.0)


def chance_of_lead(statistic: float, blocks_per_fold: tuple[int, ...], n_methods: int) -> float:
    """Probability that the best of equally good methods leads any other by as much.

    Parameters
    ----------
    statistic
        Difference between a method and the best, in units of its standard error
        (:meth:`~cgbench.statistics.confidence_intervals.FoldValues.statistic`).
    blocks_per_fold
        Number of independent blocks of each fold.
    n_methods
        Number of methods that are compared.

    Returns
    -------
    float
        Not below 1/4,000, the resolution of the simulation; NaN for an undefined statistic.
    """
    if np.isnan(statistic):
        return np.nan
    largest = simulated_leads(blocks_per_fold, n_methods)
    exceeded = N_BOARDS - np.array([np.searchsorted(row, abs(statistic)) for row in largest])
    return float(max(1, exceeded.max()) / N_BOARDS)


@cache
def simulated_leads(blocks_per_fold: tuple[int, ...], n_methods: int) -> Floats:
    """Largest lead of the best of equal methods, sorted: [n_effects, n_boards]."""
    generator = np.random.default_rng(SEED)
    # One fold has one training, whose effect no interval of it includes.
    effects = TRAINING_EFFECTS if len(blocks_per_fold) > 1 else (0.0,)
    boards = (equal_methods(generator, N_BOARDS, n_methods, blocks_per_fold, effect) for effect in effects)
    return np.stack([np.sort(leads(values)) for values in boards])


def equal_methods(
    generator: np.random.Generator,
    n_boards: int,
    n_methods: int,
    blocks_per_fold: tuple[int, ...],
    effect: float,
) -> FoldValues:
    """Draw normal values of equally good methods: [n_boards, n_methods] of :class:`FoldValues`.

    Parameters
    ----------
    effect
        Standard deviation of the values of folds by training, in units of the sampling error of a fold.
    """
    counts = np.array(blocks_per_fold)
    fold = np.repeat(np.arange(len(counts)), counts)
    blocks = generator.normal(size=(n_boards, n_methods, len(fold)))
    trained = (
        generator.normal(size=(n_boards, n_methods, len(counts))) * effect * np.sqrt(np.mean(1 / counts))
    )
    pseudo = blocks + trained[..., fold]
    membership = (fold[:, None] == np.arange(len(counts))) / counts
    return FoldValues(pseudo @ membership, np.where(counts[fold] > 1, pseudo, np.nan), fold)


def leads(values: FoldValues) -> Floats:
    """Largest difference from the best method of each board, in units of its standard error: [n_boards]."""
    best = values.mean().argmin(axis=-1)[:, None, None]
    of_best = FoldValues(
        np.take_along_axis(values.by_fold, best, axis=-2),
        np.take_along_axis(values.pseudo, best, axis=-2),
        values.fold,
    )
    return np.asarray((values - of_best).statistic().max(axis=-1))
