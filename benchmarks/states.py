"""Scores of a finished run by the state of the trajectories they are of: whether a method knows one better.

    python benchmarks/states.py                      # results
    python benchmarks/states.py results/full         # the folder of any finished run
    python benchmarks/states.py --csv results/full   # for machines

Mean over test frames of all folds, heavy atoms, of datasets whose cards name states of trajectories.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

KEYS = ["dataset", "mapping", "n_beads", "method"]
METRICS = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity")


def by_state(run: Path, states: list[str]) -> pd.DataFrame:
    """Scores of single test frames of one run: columns state and those of the metrics."""
    with np.load(run / "scores.npz", allow_pickle=False) as scores:
        frames = {name: scores[f"{name}.heavy"] for name in METRICS if f"{name}.heavy" in scores}
        return pd.DataFrame({"state": [states[k] for k in scores["trajectory"]]} | frames)


def means(results: Path) -> pd.DataFrame:
    """Average scores: a row for every dataset, mapping, resolution, method and state."""
    tables = []
    for card_path in sorted(results.glob("data/*/card.json")):
        states = [known.get("state", "") for known in json.loads(card_path.read_text())["trajectories"]]
        if not any(states):
            continue
        for path in sorted(results.glob(f"runs/{card_path.parent.name}/*/*/fold*/run.json")):
            run = json.loads(path.read_text())
            if (path.parent / "scores.npz").exists():
                tables.append(by_state(path.parent, states).assign(**{name: run[name] for name in KEYS}))
    if not tables:
        raise SystemExit(
            f"{results}: no scored run of a dataset whose trajectories have states; run `snakemake all` first"
        )
    whole = pd.concat(tables)
    scored = [name for name in METRICS if name in whole]
    return whole.groupby([*KEYS, "state"])[scored].mean().reset_index()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("results", type=Path, nargs="?", default=Path("results"))
    arguments.add_argument("--csv", action="store_true", help="instead of Markdown")
    given = arguments.parse_args()
    table = means(given.results)
    print(
        table.to_csv(index=False, float_format="%.6f").rstrip()
        if given.csv
        else table.to_markdown(index=False, floatfmt=".3f")
    )
