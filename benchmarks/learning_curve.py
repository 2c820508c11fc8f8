"""Scores of a method on chignolin over the number of walkers that train it.

    python benchmarks/learning_curve.py                             # local_flow_refined, 12 beads
    python benchmarks/learning_curve.py cgvae 6 --walkers 12 50

Training, validation and test walkers are those of fold 0; of the former, the first ones are used, which start
folded and melted in turn. Test and validation frames are the same in all rows. The last row has as many MD
frames of training walkers as there are test frames, instead of samples. Beads are the stored ones, settings
those of config/config.yaml. RMSDs, energy score and diversity are of heavy atoms.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from support.sample_scores import OF_ALL_ATOMS, sample_scores
from support.stored_tasks import RESOURCES, stored_mapping

from cgbench.config.loader import Config
from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import evenly, make_split
from cgbench.methods.base import draw
from cgbench.metrics.base import Evaluation
from cgbench.nn.task_facts import TaskFacts
from cgbench.statistics.blocks import independent_blocks

ROOT = Path(__file__).parents[1]
N_SAMPLES = 8
SEED = 2022


def rows(method: str, n_beads: int, walkers: list[int]) -> Iterator[dict[str, object]]:
    """Train on so many walkers each, sample and score."""
    config = Config.from_dict(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    frames, card = Source(BundledSettings(directory=str(RESOURCES / "chignolin"))).read()
    molecule = frames.molecule
    mapping = stored_mapping("chignolin", n_beads, molecule)
    split = make_split(frames, config.protocol, 0, SEED)
    valid, test = frames.positions[split.valid], frames.positions[split.test]
    blocks = independent_blocks(frames, split.test)
    states = np.array([entry["state"] for entry in card["trajectories"]])[frames.trajectory[split.test]]
    of_training = split.trajectories["train"]

    def scores(samples: np.ndarray) -> dict[str, object]:
        whole = Evaluation(test, samples[:, 0], samples, molecule, mapping)
        by_frame = registry.load("metrics", "rmsd_backmap_mean")().per_frame(whole.restrict_to("heavy"))
        by_state = {
            f"mean RMSD, {state} (Å)": float(by_frame[states == state].mean())
            for state in ("folded", "unfolded")
        }
        return sample_scores(whole, blocks) | by_state

    for number in walkers:
        chosen = np.isin(frames.trajectory[split.train], of_training[:number])
        known = frames.positions[split.train[chosen]]
        model = config.method(method, "chignolin").resolved(TaskFacts.of(mapping, known))
        fitted = model.create(mapping, molecule)
        start = time.process_time()
        fitted.fit(known, valid, TrainingContext(seed=SEED))
        seconds = time.process_time() - start
        row = {"training walkers": str(min(number, len(of_training))), "frames": str(len(known))}
        yield row | scores(draw(fitted, test, N_SAMPLES, SEED)) | {"training (CPU s)": round(seconds)}
    independent = frames.positions[evenly(split.train, len(test))][:, None]
    floors = scores(independent)
    yield {"training walkers": "MD frames"} | {title: floors[title] for title in OF_ALL_ATOMS.values()}


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("method", nargs="?", default="local_flow_refined")
    parser.add_argument("n_beads", nargs="?", type=int, default=12)
    parser.add_argument("--walkers", type=int, nargs="*", default=[6, 12, 25, 50])
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.DataFrame(list(rows(options.method, options.n_beads, options.walkers)))
    shown = table.astype(object).where(table.notna(), "")
    print(shown.to_markdown(index=False, floatfmt=".3f"))


if __name__ == "__main__":
    main()
