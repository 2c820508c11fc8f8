"""Energy scores of one method from several seeds of training, on every fold of a stored task.

    python benchmarks/training_seeds.py mlp alanine_dipeptide 3    # 2 minutes
    python benchmarks/training_seeds.py cgvae chignolin 12 --folds 1

Settings are those of config/config.yaml. The training effect is the standard deviation over seeds in units of
the sampling error of a fold, which follows from its test trajectories.
"""

import argparse
from pathlib import Path

import numpy as np
import yaml
from support.stored_tasks import bundled_frames, stored_folds, stored_mapping

from cgbench.config.loader import Config
from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.methods.base import draw
from cgbench.metrics.base import Evaluation
from cgbench.nn.task_facts import TaskFacts
from cgbench.statistics.blocks import independent_blocks
from cgbench.statistics.confidence_intervals import FoldValues

ROOT = Path(__file__).parents[1]
N_SAMPLES = 8


def main() -> None:
    """Train, sample and score; print a table of folds and seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("method", nargs="?", default="mlp")
    parser.add_argument("dataset", nargs="?", default="alanine_dipeptide")
    parser.add_argument("n_beads", nargs="?", type=int, default=3)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    config = Config.from_dict(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    frames = bundled_frames(given.dataset)
    mapping = stored_mapping(given.dataset, given.n_beads, frames.molecule)
    metric = registry.load("metrics", "energy_score")()
    plug_in = config.method(given.method, given.dataset)
    folds = stored_folds(given.dataset).folds[: given.folds]
    seeds = " | ".join(f"seed {seed}" for seed in range(given.seeds))
    print(f"| fold | {seeds} | deviation of seeds | sampling error |\n|---{'|---' * (given.seeds + 2)}|")
    effects = []
    for number, fold in enumerate(folds):
        train, valid, test = (frames.positions[fold.frames(part)] for part in ("train", "valid", "test"))
        blocks = independent_blocks(frames, fold.frames("test"))
        scores, errors = [], []
        for seed in range(given.seeds):
            model = plug_in.resolved(TaskFacts.of(mapping, train)).create(mapping, frames.molecule)
            model.fit(train, valid, TrainingContext(seed=seed))
            samples = draw(model, test, N_SAMPLES, seed=seed)
            evaluation = Evaluation(test, samples[:, 0], samples, frames.molecule, mapping)
            sums = metric.block_sums(evaluation.restrict_to("heavy"), blocks)
            values = FoldValues.of_sums([sums], metric.value)
            scores.append(float(values.mean()))
            errors.append(float(np.sqrt(values.variance()[0])))
        deviation, error = np.std(scores, ddof=1), np.mean(errors)
        effects.append(deviation / error)
        cells = " | ".join(f"{score:.4f}" for score in scores)
        print(f"| {number} | {cells} | {deviation:.4f} | {error:.4f} |", flush=True)
    print(f"\nTraining effect of {given.method}: {np.sqrt(np.mean(np.square(effects))):.2f}")


if __name__ == "__main__":
    main()
