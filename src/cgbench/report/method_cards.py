"""Method cards of a leaderboard: a table of them, and the choice of methods by what is on them."""

from collections.abc import Sequence

import pandas as pd

from cgbench.config.method_card import MethodCard
from cgbench.core.errors import InputError

COLUMN = "card."  # before the keys of a card in runs.csv
# Keys of a card and the heads of their columns. Parameters differ between resolutions.
SHOWN = {
    "method": "what it is",
    "training": "training",
    "training_data": "training data",
    "test_molecules": "test molecules in training",
    "parameters": "parameters",
    "deterministic": "deterministic",
    "cost": "cost",
    "reference": "reference",
    "code": "code",
    "licence": "licence",
}
UNKNOWN = "–"


def cards_as_markdown(runs: pd.DataFrame) -> str:
    """Table of the cards of all methods; empty if no run has one.

    Parameters
    ----------
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.
    """
    if f"{COLUMN}method" not in runs:
        return ""
    rows = []
    for name, group in runs.groupby("method", sort=True):
        first = group.iloc[0]
        card = {head: _cell(first.get(f"{COLUMN}{key}")) for key, head in SHOWN.items()}
        rows.append(
            {"name": name} | card | {"parameters": numbers_of_parameters(group) or card["parameters"]}
        )
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def numbers_of_parameters(runs: pd.DataFrame) -> str:
    """Smallest and largest number of parameters of the runs of one method; empty if unknown."""
    counts = pd.to_numeric(runs.get("n_parameters", pd.Series(dtype=float))).dropna()
    ends = (f"{int(count):,}" for count in (counts.min(), counts.max())) if len(counts) else ()
    return " to ".join(dict.fromkeys(ends))


def _cell(value: object) -> str:
    """Text of a cell, without what Markdown would take for a part of the table or for HTML."""
    if value is None or value != value:  # NaN
        return UNKNOWN
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


def chosen(
    conditions: Sequence[str], scores: pd.DataFrame, differences: pd.DataFrame, runs: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Leave out methods without the given values on their cards; the ends of the scale stay.

    Parameters
    ----------
    conditions
        Keys and values, such as ``training=zero-shot``.
    scores, differences, runs
        Tables for :func:`cgbench.report.leaderboard.leaderboard`.

    Raises
    ------
    InputError
        If a condition names no key of a card, or no method has the value.
    """
    kept = set(runs["method"])
    for condition in conditions:
        key, equals, wanted = condition.partition("=")
        if key not in MethodCard.model_fields or not equals:
            raise InputError(
                f"--where {condition}: give a key of a card and its value, such as training=zero-shot; keys: "
                f"{', '.join(MethodCard.model_fields)}"
            )
        column = runs.get(f"{COLUMN}{key}", pd.Series(pd.NA, index=runs.index)).map(
            lambda value: str(value).lower()
        )
        fits = column.isin([wanted.lower(), f"{wanted.lower()}.0"])  # numbers, where some cards have none
        if not fits.any():
            raise InputError(
                f"--where {condition}: no method has this on its card; there are: "
                f"{', '.join(sorted(set(column)))[:300]}"
            )
        kept &= set(runs.loc[fits, "method"])
    kept |= set(runs.loc[runs["bound"] != "", "method"])
    return (
        scores[scores["method"].isin(kept)],
        differences[differences["method"].isin(kept) & differences["other"].isin(kept)],
        runs[runs["method"].isin(kept)],
    )
