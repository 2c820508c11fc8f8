"""What the pages of the site say, collected from the files of a benchmark."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.report.method_cards import numbers_of_parameters
from cgbench.results.tables import read_run
from cgbench.site.board import HEADS, VALUES, method_card
from cgbench.site.figure_files import Figures
from cgbench.site.tables import SiteTables

Json = dict[str, Any]
Pairs = list[tuple[str, str]]

LINES = 40  # of a log, its end
REVISION = 10  # digits of a revision that are shown
BOUNDED = "correlation_time"  # of which a card may have a lower bound
UNITS = {"_ps": " (ps)", "_K": " (K)"}  # ends of the keys of a dataset's card
# Addresses, and names of papers that have one.
ADDRESS = re.compile(r"""(https?://[^\s<>"']+[^\s<>"'.,;)]|arXiv[: ]\d{4}\.\d{4,5}|doi:10\.[^\s<>"',;)]+)""")
TASK = ("dataset", "mapping", "n_beads")
# Keys of run.json on the page of a method, and what they are called there.
PROVENANCE = {
    "git.revision": "revision", "git.dirty": "uncommitted changes", "versions.cgbench": "cgbench",
    "versions.python": "Python", "versions.torch": "PyTorch", "hardware.processor": "processor",
    "hardware.name": "device", "threads": "threads", "seed": "seed", "date": "date",
}  # fmt: skip
# Keys of a dataset's card that are tables of their own, or too long to read.
LONG = (
    "name", "title", "description", "start", "files", "shape", "spec", "seeds", "versions", "trajectories",
)  # fmt: skip


def task_name(dataset: str, mapping: str, n_beads: int) -> str:
    """Name of a task, to be read."""
    return f"{dataset}, {mapping}, {counted(n_beads, 'bead')}"


def method_page(config: RunMatrix, method: str, tables: SiteTables, figures: Figures) -> Json:
    """Card, cost, settings, provenance, figures and logs of one method."""
    runs = [run for run in config.run_specs() if run.method == method]
    of_method = tables.runs[tables.runs["method"] == method] if len(tables.runs) else tables.runs
    settings, provenance = _stored(config, runs, tables.problems)
    wrapped = next((dict(item["values"]).get("of", "") for item in settings), "")
    card = _card(tables.runs, method, wrapped) if len(tables.runs) else []
    return {
        "method": method,
        "card": card,
        "end": "role" in dict(card),
        "summary": "; ".join(
            dict(card)[key].rstrip(".") for key in ("method", "role", "samples") if key in dict(card)
        ),
        "costs": _costs(of_method),
        "settings": settings,
        "provenance": provenance,
        "logs": list(_logs(config, runs)),
        "figures": [
            {"title": f"{dataset}, mapping {mapping}", "figures": found}
            for dataset, mapping in dict.fromkeys((run.dataset, run.mapping) for run in runs)
            if (found := list(figures.of_method(dataset, mapping, method)))
        ],
    }


def linked(text: str) -> list[tuple[str, str]]:
    """Parts of a text, and the address of each; no address if it is not a link."""
    prefixes = {"arXiv": "https://arxiv.org/abs/", "doi:": "https://doi.org/"}
    parts = []
    for place, part in enumerate(ADDRESS.split(text)):
        start = next((prefix for prefix in prefixes if part.startswith(prefix)), "")
        address = f"{prefixes[start]}{part[len(start) :].lstrip(': ')}" if start else part
        parts.append((part, address if place % 2 else ""))
    return parts


def _card(runs: pd.DataFrame, method: str, wrapped: str) -> Pairs:
    """Card of a method in words; ``wrapped`` is the name of the method that it applies, if any."""
    of_method = runs[runs["method"] == method]
    card = method_card(runs, method)
    if wrapped and "method" in card:
        card["method"] = card["method"].replace("Another method", wrapped)
    if len(of_method) and of_method["wall_seconds"].notna().any():
        card.pop("cost", None)  # the table of costs has it in minutes, for each task
    card = {key: VALUES.get(key, {}).get(value, value) for key, value in card.items()}
    if of_method.empty:
        return list(card.items())
    first = of_method.iloc[0]
    known = {
        "samples": "different samples" if first["stochastic"] else "one geometry for the beads of a frame",
        "role": {"ceiling": "upper control", "floor": "lower control"}.get(str(first["bound"]), ""),
    }
    words = {HEADS.get(key, key.replace("_", " ")): value for key, value in card.items()} | known
    words["parameters"] = numbers_of_parameters(of_method) or words.get("parameters", "")
    return [(key, value) for key, value in words.items() if value]


def _costs(runs: pd.DataFrame) -> list[Json]:
    """Mean time of training, time to sample a frame, and memory, of each task."""
    if runs.empty:
        return []
    rows = []
    for _, group in runs.groupby(list(TASK), sort=False):
        first = group.iloc[0]
        sampling = 1e3 * group["sample_seconds"] / group["n_test"]
        peak = pd.to_numeric(group.get("peak_mib", pd.Series(dtype=float)), errors="coerce")
        rows.append(
            {
                "task": task_name(first["dataset"], first["mapping"], int(first["n_beads"])),
                "train": f"{group['wall_seconds'].mean() / 60:.2f}",
                "sample": _text(sampling.mean()),
                "memory": _text(peak.max(), 0),
                "folds": len(group),
            }
        )
    return rows


def _text(value: float, digits: int = 2) -> str:
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def _stored(config: RunMatrix, runs: Sequence[RunSpec], problems: list[str]) -> tuple[list[Json], Pairs]:
    """Read the settings for each dataset, and the provenance of the first run."""
    settings: dict[str, Pairs] = {}
    provenance: Pairs = []
    for dataset in dict.fromkeys(run.dataset for run in runs):
        paths = [config.run_folder(run) / "run.json" for run in runs if run.dataset == dataset]
        path = next((path for path in paths if path.exists()), None)
        if path is None:
            continue
        try:
            stored = read_run(path)
        except InputError as error:
            if str(error) not in problems:
                problems.append(str(error))
            continue
        found = [(key.removeprefix("settings."), str(stored[key])) for key in stored if "settings." in key]
        settings[dataset] = found
        provenance = provenance or [
            (word, str(stored[key])[: REVISION if word == "revision" else None])
            for key, word in PROVENANCE.items()
            if stored.get(key) is not None
        ]
    return [{"dataset": name, "values": values} for name, values in settings.items() if values], provenance


def _logs(config: RunMatrix, runs: Sequence[RunSpec]) -> Iterator[Json]:
    """End of the log of training, of the first fold of each task."""
    for run in runs:
        if run.fold == 0:
            folder = config.run_folder(run)
            path = next((p for p in (folder / "train.log", folder.parent / "train.log") if p.exists()), None)
            if path and (text := path.read_text(encoding="utf-8", errors="replace").strip()):
                lines = text.replace("\r", "\n").splitlines()[-LINES:]
                yield {"task": task_name(run.dataset, run.mapping, run.n_beads), "text": "\n".join(lines)}


def dataset_page(config: RunMatrix, dataset: str, figures: Figures, problems: list[str]) -> Json:
    """Card, trajectories, tasks and figures of one dataset."""
    path = Path(config.results, "data", dataset, "card.json")
    card: Json = {}
    if path.exists():
        try:
            card = dict(read_json(path))
        except (InputError, TypeError, ValueError) as error:
            problems.append(f"{path}: not a card ({error}); delete it and run again")
    else:
        problems.append(f"{path}: not there yet; run `snakemake data`")
    mappings = [name for name in config.run.mappings if config.run.n_beads(dataset, name)]
    return {
        "name": dataset,
        "title": card.get("title") or dataset,
        "description": card.get("description", ""),
        "card": list(_dataset_card(card)),
        "trajectories": [item for item in card.get("trajectories") or [] if isinstance(item, dict)],
        "figures": list(figures.of_dataset(dataset)),
        "mappings": [{"name": name, "figures": list(figures.of_mapping(dataset, name))} for name in mappings],
    }


def _dataset_card(card: Json) -> Iterator[tuple[str, str]]:
    bound = card.get(f"{BOUNDED}_is_lower_bound")
    for key, value in card.items():
        if (
            key in LONG
            or isinstance(value, dict | list)
            or value in ("", None)
            or key == f"{BOUNDED}_is_lower_bound"
        ):
            continue
        text = f"≥ {value}" if bound and key.startswith(BOUNDED) else str(value)
        yield label(key), text


def label(key: str) -> str:
    """Key of a card in words, with its unit in brackets."""
    for end, unit in UNITS.items():
        if key.endswith(end):
            return key.removesuffix(end).replace("_", " ") + unit
    return key.removeprefix("n_").replace("_", " ")
