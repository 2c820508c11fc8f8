"""Tables of docs/results.md: every method of a run by the scores that say most, one table per task.

    python benchmarks/results_tables.py            # results/reference/default
    python benchmarks/results_tables.py results            # the folder of any finished run
    python benchmarks/results_tables.py results --by-resolution    # two or three tables per dataset instead

Values are means over folds. The lowest energy score is bold; those that do not differ from it significantly,
as in the leaderboard, are in italics. Where a method places no caps, as programs for proteins, the table has
backbone and side chains. The last row is the noise floor, MD frames against MD frames.

By resolution, one table has the energy scores of all methods, and one the other scores of refined samples;
energy scores by state follow.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from cgbench.config.run_matrix import RunMatrix
from cgbench.results.tables import read_metrics, table_file
from cgbench.statistics.by_state import scores_by_state

HEADLINE = ("energy_score", "heavy")
COLUMNS = {  # score, atoms: heading, digits
    HEADLINE: ("energy score, heavy (Å)", 3),
    ("energy_score", "all"): ("all (Å)", 3),
    ("rmsd_backmap_min", "heavy"): ("best of samples, heavy (Å)", 3),
    ("diversity", "heavy"): ("diversity, heavy", 2),
    ("graph_xor", "all"): ("λ, all", 3),
    ("bond_length_w1", "all"): ("bonds W1 (Å)", 4),
    ("phi_psi_energy_distance", "all"): ("φ/ψ", 3),
    ("chi_energy_distance", "all"): ("χ", 3),
    ("clashes", "all"): ("clashes", 0),
    ("energy_raw_median", "all"): ("excess energy", 1),
}
PARTS = {  # where a method places no caps, so that it has no score for all heavy atoms
    ("energy_score", "backbone"): ("energy score, backbone (Å)", 3),
    ("energy_score", "sidechain"): ("side chains (Å)", 3),
    ("rmsd_backmap_mean", "backbone"): ("RMSD, backbone (Å)", 2),
    ("rmsd_backmap_mean", "sidechain"): ("side chains (Å)", 2),
    ("rmsd_backmap_min", "backbone"): ("best of samples, backbone (Å)", 2),
    ("rmsd_backmap_min", "sidechain"): ("side chains (Å)", 2),
    ("diversity", "sidechain"): ("diversity, side chains", 2),
    ("chi_energy_distance", "all"): ("χ", 3),
    ("chirality_right", "all"): ("L-amino acids", 2),
}
OF_REFINED = {  # by resolution: name, digits
    ("rmsd_backmap_mean", "heavy"): ("mean RMSD, heavy (Å)", 3),
    ("rmsd_backmap_min", "heavy"): ("best of samples, heavy (Å)", 3),
    ("diversity", "heavy"): ("diversity, heavy", 2),
    ("graph_xor", "all"): ("λ, all", 3),
    ("bond_length_w1", "all"): ("bonds W1 (Å)", 4),
    ("angle_w1", "all"): ("angles W1 (°)", 2),
    ("clashes", "all"): ("clashes, relative to MD", 2),
    ("energy_raw_median", "all"): ("excess energy", 2),
}
STARS = {"best": "**", "tied": "*"}
NAMES = {"alanine_dipeptide": "Alanine dipeptide"}


def tables(folder: Path) -> Iterator[tuple[str, str]]:
    """Title and Markdown of each table."""
    config = RunMatrix.load(folder / "config.json")
    key = ["dataset", "mapping", "n_beads"]
    scores, floors = read_metrics(table_file(folder, "metrics.csv")), _floors(folder)
    board = pd.read_csv(table_file(folder, "leaderboard.csv"), dtype={"mark": str})
    runs = pd.read_csv(table_file(folder, "runs.csv"))
    for (dataset, mapping, n_beads), group in scores.groupby(key):
        task = f"dataset == {dataset!r} and mapping == {mapping!r} and n_beads == {n_beads}"
        means = group.groupby(["metric", "atoms", "method"])["value"].mean()
        complete = all((*HEADLINE, method) in means for method in config.run.methods)
        titles = COLUMNS if complete else PARTS
        columns = [column for column in titles if column in means.index.droplevel("method")]
        marks = board.query(task).set_index(["metric", "atoms", "method"])["mark"].map(STARS).dropna()
        minutes = runs.query(task).groupby("method")["wall_seconds"].mean() / 60
        rows = []
        for method in config.run.methods:
            cells = [_written(means, (*column, method), titles[column][1]) for column in columns]
            for number, column in enumerate(columns):
                if column[0] == HEADLINE[0] and (column == HEADLINE or not complete):
                    star = marks.get((*column, method), "")
                    cells[number] = f"{star}{cells[number]}{star}"
            trained = minutes[method]
            rows.append([f"`{method}`", *cells, "" if pd.isna(trained) else f"{trained:.1f}"])
        cells = [_written(floors, (dataset, *column), titles[column][1]) for column in columns]
        rows.append(["MD against MD", *cells, ""])
        heads = ["method", *(titles[column][0] for column in columns), "training (min)"]
        yield f"{_title(dataset)}, {n_beads} beads ({mapping})", _markdown(heads, rows)
    yield from _by_state(folder, config)


def by_resolution(folder: Path) -> Iterator[tuple[str, str]]:
    """Title and Markdown of the energy scores of each dataset, and of the other scores of refined samples."""
    config = RunMatrix.load(folder / "config.json")
    key = ["metric", "atoms", "dataset", "method", "mapping", "n_beads"]
    board = pd.read_csv(table_file(folder, "leaderboard.csv"), dtype={"mark": str}).set_index(key)
    means = read_metrics(table_file(folder, "metrics.csv")).groupby(key)["value"].mean()
    refined = [name for name in config.run.methods if name.endswith("_refined")]
    for dataset in config.run.datasets:
        tasks = [(cell.mapping, cell.n_beads) for cell in config.run_specs() if cell.dataset == dataset]
        tasks = list(dict.fromkeys(tasks))
        heads = [f"{n_beads} beads ({mapping})" for mapping, n_beads in tasks]
        rows = []
        for method in config.run.methods:
            cells = []
            for task in tasks:
                row = (*HEADLINE, dataset, method, *task)
                star = STARS.get(str(board["mark"][row]), "")
                cells.append(f"{star}{_written(means, row, 3)}{star}")
            rows.append([f"`{method}`", *cells])
        title = _title(dataset)
        yield f"{title}, energy score (heavy atoms, Å) by resolution", _markdown(["method", *heads], rows)
        md = means["clashes", "all", dataset, "true_frames"]
        rows = []
        for score, (name, digits) in OF_REFINED.items():
            for method in refined:
                values = means[(*score, dataset, method)]
                values = values / md if score[0] == "clashes" else values
                cells = [_written(values, task, digits) for task in tasks]
                rows.append([name if method == refined[0] else "", f"`{method}`", *cells])
        yield f"{title}, refined samples by resolution", _markdown(["score", "method", *heads], rows)
    yield from _by_state(folder, config)


def _by_state(folder: Path, config: RunMatrix) -> Iterator[tuple[str, str]]:
    """Energy scores of heavy atoms by state, of each dataset whose trajectories have states."""
    stored = folder / "states.csv"
    states = pd.read_csv(stored) if stored.exists() else scores_by_state(config)
    for (dataset, mapping), group in states.groupby(["dataset", "mapping"]):
        table = group.pivot(index="method", columns=["n_beads", "state"], values="energy_score")
        table = table.sort_index(axis=1).loc[list(config.run.methods)]
        headings = [f"{n_beads} beads, {state}" for n_beads, state in table.columns]
        rows = [
            [f"`{method}`", *("" if pd.isna(value) else f"{value:.3f}" for value in row)]
            for method, row in table.iterrows()
        ]
        title = f"{_title(dataset)}, energy score (heavy atoms, Å) by state ({mapping})"
        yield title, _markdown(["method", *headings], rows)


def _title(dataset: str) -> str:
    return NAMES.get(dataset, dataset.capitalize())


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, *rows]
    text = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([text[0], "|---" * len(heads) + "|", *text[1:]])


def _written(values: "pd.Series[float]", key: tuple[str | int, ...], digits: int) -> str:
    value = values.get(key)
    return "" if value is None or pd.isna(value) else f"{value:,.{digits}f}".replace("-", "−")


def _floors(folder: Path) -> "pd.Series[float]":
    """Mean over folds; a run has a table for each of them, the reference all in one."""
    files = [folder / "noise_floor.csv"]
    if not files[0].exists():
        files = list(folder.glob("data/*/splits/*.floor.csv"))
    table = pd.concat(map(pd.read_csv, files))
    return table.groupby(["dataset", "metric", "atoms"])["value"].mean()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "results", nargs="?", default="results/reference/default", help="folder of result tables"
    )
    parser.add_argument("--by-resolution", action="store_true", help="energy scores by resolution")
    given = parser.parse_args()
    for title, table in (by_resolution if given.by_resolution else tables)(Path(given.results)):
        print(f"### {title}\n{table}\n")
