"""Scores of samples, named and with units as in tables."""

import numpy as np

from cgbench.core import registry
from cgbench.metrics.base import Evaluation

OF_HEAVY_ATOMS = {
    "energy_score": "energy score (Å)",
    "rmsd_backmap_mean": "mean RMSD (Å)",
    "rmsd_backmap_min": "best of 8 (Å)",
    "diversity": "diversity",
}
OF_ALL_ATOMS = {"phi_psi_jsd": "φ/ψ JSD", "chi_jsd": "χ JSD"}


def sample_scores(whole: Evaluation, blocks: np.ndarray) -> dict[str, float]:
    """Score samples of frames, the blocks [n_frames] of which are their trajectories."""
    heavy, scores = whole.restrict_to("heavy"), {}
    for name, title in (OF_HEAVY_ATOMS | OF_ALL_ATOMS).items():
        metric = registry.load("metrics", name)()
        sums = metric.block_sums(heavy if name in OF_HEAVY_ATOMS else whole, blocks)
        scores[title] = float(metric.value(sums.sum(axis=0)))
    return scores
