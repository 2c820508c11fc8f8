"""Coverage of confidence intervals, and wrong marks among equally good methods, in simulated benchmarks.

    python benchmarks/intervals.py

Values of blocks are normal. A training effect is the standard deviation of the values of folds by training,
in units of the sampling error of a fold. "Spread" is the standard deviation of the logarithm by which the
noise of methods differs.
"""

import numpy as np
from scipy import stats

from cgbench.statistics.confidence_intervals import CONFIDENCE, FoldValues
from cgbench.statistics.multiple_comparisons import chance_of_lead, equal_methods, leads

# Blocks of the test frames of each fold: two walkers as in alanine dipeptide, few, one, a single fold, many.
SHAPES = ((2, 2, 2), (5, 5, 4), (1, 1, 1), (6,), (32, 32, 32))
EFFECTS = (0.0, 0.5, 1.0, 2.0, 5.0)
N_METHODS = 12
SIGNIFICANT = 0.05


def coverage(blocks_per_fold: tuple[int, ...], effect: float, n: int = 20000, seed: int = 0) -> float:
    """Share of intervals that contain the true mean."""
    generator = np.random.default_rng(seed)
    values = equal_methods(generator, n, 1, blocks_per_fold, effect)
    freedom = values.variance()[1]
    return float((np.abs(values.statistic()) <= stats.t.ppf((1 + CONFIDENCE) / 2, freedom)).mean())


def wrong_boards(
    blocks_per_fold: tuple[int, ...], effect: float, spread: float = 0.0, n: int = 3000, seed: int = 1
) -> float:
    """Share of boards of equally good methods in which at least one is marked as worse than the best."""
    generator = np.random.default_rng(seed)
    values = equal_methods(generator, n, N_METHODS, blocks_per_fold, effect)
    noise = np.exp(spread * generator.normal(size=(n, N_METHODS, 1)))
    largest = leads(FoldValues(noise * values.by_fold, noise * values.pseudo, values.fold))
    marked = [chance_of_lead(float(lead), blocks_per_fold, N_METHODS) < SIGNIFICANT for lead in largest]
    return float(np.mean(marked))


def main() -> None:
    """Print both tables."""
    head = " | ".join(f"effect {effect:g}" for effect in EFFECTS)
    rule = "|---" * (len(EFFECTS) + 1) + "|"
    print(f"Coverage of 95 % intervals\n\n| blocks of each fold | {head} |\n{rule}")
    for shape in SHAPES:
        effects = EFFECTS if len(shape) > 1 else EFFECTS[:1]
        print(f"| {shape} | " + " | ".join(f"{coverage(shape, effect):.3f}" for effect in effects) + " |")
    print(f"\nBoards of {N_METHODS} equal methods with a wrong mark\n\n| blocks, spread | {head} |\n{rule}")
    for shape in SHAPES:
        effects = EFFECTS if len(shape) > 1 else EFFECTS[:1]
        for spread in (0.0, 1.0):
            shares = " | ".join(f"{wrong_boards(shape, effect, spread):.3f}" for effect in effects)
            print(f"| {shape}, {spread:g} | {shares} |")


if __name__ == "__main__":
    main()
