"""Scores of a method with some settings on the tuning walkers of chignolin.

    python benchmarks/tuning_scores.py local_flow 12            # settings of config/config.yaml
    python benchmarks/tuning_scores.py local_flow 12 '{}' '{"bead_cutoff": 20, "neighbours": 11}' --seeds 1 2

Each set of settings, in JSON, changes those of config/config.yaml. Training and validation walkers are those
of fold 0, beads are the stored ones. Tuning walkers are in no fold, so that a choice between settings sees no
test frame. Their hydrogens have another order (docs/datasets.md), so that scores are of heavy atoms and
torsions, and refined methods cannot be scored.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
import yaml
from support.sample_scores import sample_scores
from support.stored_tasks import bundled_frames, stored_folds, stored_mapping
from tqdm import tqdm

from cgbench.config.loader import Config
from cgbench.core.training_context import TrainingContext
from cgbench.methods.base import draw
from cgbench.metrics.base import Evaluation
from cgbench.nn.task_facts import TaskFacts

ROOT = Path(__file__).parents[1]
N_SAMPLES = 8
SEED = 7  # of the samples


def rows(method: str, n_beads: int, settings: list[str], seeds: list[int]) -> Iterator[dict[str, object]]:
    """Train with each set of settings and seed, sample and score."""
    config = Config.from_dict(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    frames, tuning = bundled_frames("chignolin"), bundled_frames("chignolin_tuning")
    mapping = stored_mapping("chignolin", n_beads, frames.molecule)
    fold = stored_folds("chignolin").folds[0]
    train, valid = (frames.positions[fold.frames(part)] for part in ("train", "valid"))
    plug_in = config.method(method, "chignolin")
    for given in settings:
        changed = type(plug_in.settings)(**plug_in.settings.model_dump() | json.loads(given))
        model = replace(plug_in, settings=changed).resolved(TaskFacts.of(mapping, train))
        for seed in seeds:
            fitted = model.create(mapping, frames.molecule)
            start = time.process_time()
            fitted.fit(train, valid, TrainingContext(seed=seed))
            seconds = round(time.process_time() - start)
            samples = draw(fitted, tuning.positions, N_SAMPLES, SEED)
            whole = Evaluation(tuning.positions, samples[:, 0], samples, frames.molecule, mapping)
            row = {"settings": given, "seed": str(seed)}
            yield row | sample_scores(whole, tuning.trajectory) | {"training (CPU s)": seconds}


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("method", help="name in config/config.yaml")
    parser.add_argument("n_beads", type=int)
    parser.add_argument("settings", nargs="*", default=["{}"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[2022])
    options = parser.parse_args()
    torch.set_num_threads(1)
    trained = rows(options.method, options.n_beads, options.settings, options.seeds)
    table = pd.DataFrame(tqdm(trained, total=len(options.settings) * len(options.seeds), unit="training"))
    print(table.to_markdown(index=False, floatfmt=".3f"))


if __name__ == "__main__":
    main()
