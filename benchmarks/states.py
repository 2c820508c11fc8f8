"""Scores of a finished run by the state of the trajectories they are of: whether a method knows one better.

    python benchmarks/states.py                      # results
    python benchmarks/states.py results/full         # the folder of any finished run

Mean over test frames of all folds, heavy atoms, of datasets whose cards name states of trajectories.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

METRICS = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity")


def by_state(run: Path, states: list[str]) -> pd.DataFrame:
    """Scores of single test frames of one run: columns state and those of the metrics."""
    with np.load(run / "scores.npz", allow_pickle=False) as scores:
        frames = {name: scores[f"{name}.heavy"] for name in METRICS if f"{name}.heavy" in scores}
        return pd.DataFrame({"state": [states[k] for k in scores["trajectory"]]} | frames)


def table(results: Path) -> str:
    """Markdown: a row for every dataset, mapping, resolution, method and state."""
    tables = []
    for card_path in sorted(results.glob("data/*/card.json")):
        states = [known.get("state", "") for known in json.loads(card_path.read_text())["trajectories"]]
        if not any(states):
            continue
        for path in sorted(results.glob(f"runs/{card_path.parent.name}/*/*/fold*/run.json")):
            run = json.loads(path.read_text())
            key = {name: run[name] for name in ("dataset", "mapping", "n_beads", "method")}
            tables.append(by_state(path.parent, states).assign(**key))
    if not tables:
        return (
            f"{results}: no scored run of a dataset whose trajectories have states; run `snakemake all` first"
        )
    keys = ["dataset", "mapping", "n_beads", "method", "state"]
    whole = pd.concat(tables)
    scored = [name for name in METRICS if name in whole]
    means = whole.groupby(keys)[scored].mean().reset_index()
    return str(means.to_markdown(index=False, floatfmt=".3f"))


if __name__ == "__main__":
    print(table(Path(sys.argv[1] if len(sys.argv) > 1 else "results")))
