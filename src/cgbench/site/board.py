"""Scores in the form that the table and the charts of the site read."""

from collections.abc import Mapping
from inspect import cleandoc
from itertools import product
from typing import Any

import pandas as pd

from cgbench.core import registry
from cgbench.figures.style import method_styles
from cgbench.report.leaderboard import BACKBONE, COST, HEADLINES, RANKING, SIDE_CHAINS
from cgbench.report.method_cards import COLUMN
from cgbench.results.tables import ROW_KEY, metric_info

Json = dict[str, Any]

# Columns of the leaderboard from the cards of methods, and values of cards, in words.
HEADS = {"training": "training", "test_molecules": "saw the molecule"}
VALUES = {
    "training": {"task": "on the task"},
    "test_molecules": {"included": "yes", "possible": "maybe", "excluded": "no (zero-shot)"},
}

# Columns of the table on the front page beside the chosen score, where a table has them.
COLUMNS = (
    ("energy_score", "heavy"),
    ("rmsd_backmap_min", "heavy"),
    ("phi_psi_energy_distance", "all"),
    ("graph_xor", "heavy"),
)
DIGITS = 6  # significant, as in leaderboard.csv
PUBLISHED, OTHERS = "As published elsewhere", "Others"
# Groups of scores, in the order of the choice, and the modules of their metrics.
GROUPS = {
    "Accuracy": ("energy_score", "rmsd", "consistency"),
    "Torsions": ("torsions", "omega"),
    "Bonds, angles and planes": ("bond_geometry", "planarity"),
    "Bond graph": ("graph",),
    "Clashes and rings": ("contacts", "ring_piercing"),
    "Chirality": ("chirality",),
    "Energy": ("energy",),
    "Diversity": ("diversity",),
    PUBLISHED: ("dialects", "dialects_diversity"),
}
LEGACY = "_legacy"  # ends the names of metrics that are for comparison with published numbers only
ON_THE_BOARD = ("training", "test_molecules")  # keys of a card that rows are chosen by


def board(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    floors: Mapping[str, pd.DataFrame],
    pages: Mapping[str, str],
    differences: pd.DataFrame,
) -> Json:
    """Arrange the leaderboard by row and metric.

    Parameters
    ----------
    scores, runs, differences
        From :class:`cgbench.site.tables.SiteTables`.
    floors
        Noise floors of each dataset, from :func:`cgbench.figures.noise_floor.read_floors`.

    Returns
    -------
    dict
        ``heads`` and ``values`` (words of method cards), ``metrics`` (key, label, unit, direction, group,
        definition), ``groups`` of them in order, ``columns`` (keys of metrics), ``methods`` (style, kind and
        card by name), ``rows`` (dataset, mapping, beads, method, times, test frames), ``folds`` (largest
        number), ``floors`` (by dataset and key of a metric: the largest absolute value of the folds), and
        ``scores``: for each key of a metric, a list with [mean, low, high, mark, p, folds, blocks] or
        nothing for each row; and ``leads``: for each key of a metric and place of the row of a method that is
        second and significantly worse than the best, the interval of the lead of the best.
    """
    if scores.empty:
        return {
            "heads": HEADS,
            "values": VALUES,
            "metrics": [],
            "groups": [],
            "columns": [],
            "methods": {},
            "rows": [],
            "scores": {},
            "folds": 0,
            "floors": {},
            "leads": {},
        }
    pairs = list(zip(scores["metric"], scores["atoms"], strict=True))
    # The first metric is the one that ranks, the others follow as in the leaderboard.
    first = [*RANKING, *product(HEADLINES, ("heavy", "all")), *BACKBONE, *SIDE_CHAINS]
    ordered = [pair for pair in dict.fromkeys([*first, *pairs]) if pair in set(pairs)]
    units = dict(zip(pairs, scores["unit"], strict=True))
    rows = scores.drop_duplicates(list(ROW_KEY))[list(ROW_KEY)]
    places = {key: place for place, key in enumerate(rows.itertuples(index=False, name=None))}
    values: dict[str, list[list[Any] | None]] = {_key(pair): [None] * len(rows) for pair in ordered}
    for row in scores.to_dict("records"):
        if row["mean"] == row["mean"]:  # not NaN
            place = places[tuple(row[key] for key in ROW_KEY)]
            values[_key((row["metric"], row["atoms"]))][place] = [
                *(_number(row[name]) for name in ("mean", "low", "high")),
                row["mark"],
                *(_number(row[name]) for name in ("p_adjusted", "folds", "blocks")),
            ]
    return {
        "heads": HEADS,
        "values": VALUES,
        "metrics": [
            _metric(pair, units[pair], sum(other[0] == pair[0] for other in ordered)) for pair in ordered
        ],
        "groups": [*GROUPS, OTHERS],
        "columns": [_key(pair) for pair in COLUMNS if pair in units],
        "methods": _methods(scores, runs, pages),
        "rows": _rows(rows, scores, runs),
        "folds": int(scores["folds"].max()),
        "floors": {name: _floors(table) for name, table in floors.items()},
        "scores": values,
        "leads": _leads(scores, differences, places),
    }


def _leads(scores: pd.DataFrame, differences: pd.DataFrame, places: Mapping[tuple[Any, ...], int]) -> Json:
    """Intervals of the leads that are significant, by key of the metric and row of the second method."""
    task, column = list(ROW_KEY[:-1]), ["metric", "atoms"]
    ends = differences.set_index([*task, *column, "method", "other"])[["low", "high"]]
    leads: Json = {}
    for key, group in scores[scores["bound"] == ""].groupby([*task, *column], sort=False):
        first, second = group.sort_values("loss").head(2).to_dict("records") if len(group) > 1 else ({}, {})
        if first.get("mark") != "best" or second.get("mark") != "worse":
            continue
        for pair in ((first, second), (second, first)):
            names = (*key, *(each["method"] for each in pair))
            if names in ends.index:
                low, high = sorted(abs(float(end)) for end in ends.loc[names])
                place = places[tuple(second[name] for name in ROW_KEY)]
                leads.setdefault(_key((first["metric"], first["atoms"])), {})[str(place)] = [
                    _number(low),
                    _number(high),
                ]
    return leads


def _key(pair: tuple[str, str]) -> str:
    return ".".join(pair)


def _number(value: float) -> float | None:
    """Round to as many digits as the CSV has; NaN, which JSON lacks, becomes nothing."""
    return None if pd.isna(value) else float(f"{value:.{DIGITS}g}")


def _metric(pair: tuple[str, str], unit: str, n_atom_sets: int) -> Json:
    name, atoms = pair
    info = metric_info(name)
    words = {"sidechain": "side-chain"}.get(atoms, atoms)
    label = f"{info.label}, {words} atoms" if n_atom_sets > 1 else info.label
    group, definition = OTHERS, ""
    if name in registry.names("metrics"):
        plugin = registry.load("metrics", name)
        module = plugin.__module__.rpartition(".")[2]
        group = next((title for title, modules in GROUPS.items() if module in modules), group)
        group = PUBLISHED if name.endswith(LEGACY) else group
        definition = " ".join(cleandoc(plugin.__doc__ or "").partition("\n\n")[0].replace("``", "").split())
    return {
        "key": _key(pair), "name": name, "label": label, "unit": unit, "better": info.better,
        "group": group, "says": definition,
    }  # fmt: skip


def _floors(table: pd.DataFrame) -> dict[str, float]:
    keys = table["metric"].astype(str) + "." + table["atoms"].astype(str)  # without rows, a table has no text
    largest = table["value"].abs().groupby(keys).max().dropna()
    return {str(key): float(f"{value:.{DIGITS}g}") for key, value in largest.items()}


def _rows(rows: pd.DataFrame, scores: pd.DataFrame, runs: pd.DataFrame) -> list[Json]:
    keys = [runs[key] for key in ROW_KEY]
    sampling = (1e3 * runs["sample_seconds"] / runs["n_test"]).groupby(keys).mean()
    n_test = runs["n_test"].groupby(keys).sum()
    training = scores.drop_duplicates(list(ROW_KEY)).set_index(list(ROW_KEY))[COST]
    return [
        dict(zip(ROW_KEY, key, strict=True))
        | {"train": _number(training[key]), "sample": _number(sampling.get(key, float("nan")))}
        | {"frames": int(n_test.get(key, 0))}
        for key in rows.itertuples(index=False, name=None)
    ]


def _methods(scores: pd.DataFrame, runs: pd.DataFrame, pages: Mapping[str, str]) -> Json:
    styles = method_styles(scores["method"])
    kinds = scores.drop_duplicates("method").set_index("method")
    return {
        name: {
            "color": style.color,
            "marker": str(style.marker),
            "dash": [] if isinstance(style.linestyle, str) else list(style.linestyle[1]),
            "page": pages.get(name),
            "bound": kinds.loc[name, "bound"],
            "samples": kinds.loc[name, "samples"],
        }
        | {key: value for key, value in method_card(runs, name).items() if key in ON_THE_BOARD}
        for name, style in styles.items()
    }


def method_card(runs: pd.DataFrame, method: str) -> dict[str, str]:
    """Key and text of everything on the card of a method; empty without a card."""
    of_method = runs[runs["method"] == method]
    columns = [name for name in map(str, runs.columns) if name.startswith(COLUMN)]
    found = {name: str(of_method[name].dropna().iloc[0]) for name in columns if of_method[name].notna().any()}
    words = {"True": "yes", "False": "no"}
    card = {name.removeprefix(COLUMN): words.get(text, text) for name, text in found.items()}
    if "test_molecules" in card and (of_method["bound"] == "ceiling").any():
        card["test_molecules"] = "included"  # it is trained on nothing, but its samples are the MD frames
    return card
