"""Write the site: pages, scripts and data, in a folder that needs neither server nor network."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from cgbench import __version__
from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.atomic_io import atomic_folder
from cgbench.core.errors import InputError
from cgbench.pipeline.task import PreparedTask
from cgbench.report.progress import in_short
from cgbench.site.board import board
from cgbench.site.downloads import file_link, offer_tables
from cgbench.site.figure_files import Figures
from cgbench.site.pages import REVISION, dataset_page, label, linked, method_page, task_name
from cgbench.site.structures import FOLD, molecule_of, structures
from cgbench.site.tables import SiteTables, site_tables
from cgbench.site.task_files import archive, command, folds

MARK = "site.json"  # tells a folder that this command wrote
COORDINATES = 5_000_000  # bytes, of all tasks together
SITE = 10_000_000  # bytes; beyond it, a task is a command, and figures are not offered for print
PAGES = 300_000  # of these, for pages and scripts


def build_site(config: RunMatrix, output: Path | str, docs: str = "") -> list[str]:
    """Write the site of the results that are there; the folder is replaced when all of it is made.

    Parameters
    ----------
    output
        New folder, or one that an earlier call made.
    docs
        Address of the documentation, to which the pages link; no link if empty.

    Returns
    -------
    list of str
        What is missing on the pages, a sentence each; nothing for a finished benchmark.

    Raises
    ------
    InputError
        If ``output`` has other files, or cannot be written, or ``docs`` is no address of a page.
    """
    output = Path(output)
    if urlsplit(docs).scheme not in ("", "https", "http"):
        raise InputError(f"--docs is {docs!r}, which is no page; give a https address or a relative path")
    if output.is_dir() and any(output.iterdir()) and not (output / MARK).exists():
        raise InputError(f"{output}: has files that `cgbench site` did not write; give a new folder")
    with atomic_folder(output) as folder:
        tables = site_tables(config, folder / "tables")
        data = folder / "data"
        data.mkdir()
        pages = {
            name: f"method-{name}.html" for name in dict.fromkeys(run.method for run in config.run_specs())
        }
        shown = board(tables.scores, tables.runs, tables.floors, pages, tables.differences)
        _write_script(data / "board.js", "board", shown)
        tasks = list(_write_tasks(config, tables, data))
        figures = Figures(config, folder, tables.problems)
        datasets = [
            dataset_page(config, name, figures, tables.problems)
            | {"folds": folds(config, name, tables.problems)}
            for name in config.run.datasets
        ]
        methods = [
            method_page(config, name, tables, figures) | {"page": page} for name, page in pages.items()
        ]
        offered = offer_tables(folder / "tables", folder)
        left = SITE - PAGES - _size(folder)
        for task in tasks:
            packed = archive(task["prepared"], folder, left, tables.problems)
            left -= packed.stat().st_size if packed else 0
            task["archive"] = file_link(packed, folder) if packed else None
        figures.add_print(left)
        for asset in (resources.files("cgbench.site") / "assets").iterdir():
            (folder / asset.name).write_bytes(asset.read_bytes())
        revisions = tables.runs.get("git.revision", pd.Series(dtype=str)).dropna()
        shared: dict[str, Any] = {
            "datasets": datasets, "methods": methods, "tasks": tasks, "protocol": config.protocol,
            "version": __version__, "missing": _missing(config, tables), "problems": tables.problems,
            "revisions": sorted({str(name)[:REVISION] for name in revisions}),
            "tables": offered, "docs": docs,
            "ends": sum(bool(item["end"]) for item in methods),
        }  # fmt: skip
        _write_pages(folder, shared)
        (folder / MARK).write_text(json.dumps({"version": __version__}) + "\n", encoding="utf-8")
    return [*shared["missing"], *tables.problems]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write_pages(folder: Path, shared: dict[str, Any]) -> None:
    templates = Environment(
        loader=PackageLoader("cgbench.site"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    templates.filters |= {"label": label, "linked": linked}
    pages: list[tuple[str, str, dict[str, Any]]] = [
        (f"{name}.html", f"{name}.html", {}) for name in ("index", "structures", "data")
    ]
    pages += [(method["page"], "method.html", method) for method in shared["methods"]]
    for page, template, content in pages:
        text = templates.get_template(template).render(shared, **content, here=page)
        (folder / page).write_text(text, encoding="utf-8")


def _write_script(path: Path, name: str, content: Any) -> None:
    """Write data as a script, because pages that are opened as files may not read other files."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    path.write_text(f"cgbench.{name} = {text};\n", encoding="ascii")


def _write_tasks(config: RunMatrix, tables: SiteTables, data: Path) -> Iterator[dict[str, Any]]:
    """Write the geometries of each task to a script of its own, and yield what the pages say of it."""
    tasks: dict[tuple[str, str, int], list[RunSpec]] = {}
    for run in config.run_specs():
        tasks.setdefault((run.dataset, run.mapping, run.n_beads), [])
    for run in tables.shown:
        if run.fold == FOLD:
            tasks[run.dataset, run.mapping, run.n_beads].append(run)
    for (dataset, mapping_name, n_beads), runs in tasks.items():
        prepared = PreparedTask(config, dataset, mapping_name, n_beads)
        task = {"dataset": dataset, "mapping": mapping_name, "n_beads": n_beads, "script": ""}
        task |= {"name": task_name(dataset, mapping_name, n_beads), "command": command(config, prepared.name)}
        made = structures(prepared, runs, COORDINATES // len(tasks), tables.problems)
        if made:
            frames, mapping, content = made
            script = task["script"] = f"data/{prepared.name}.js"
            _write_script(data.parent / script, "task", task | molecule_of(frames, mapping) | content)
        yield task | {"prepared": prepared}


def _missing(config: RunMatrix, tables: SiteTables) -> list[str]:
    """Count the runs that are not there and, of a benchmark that has begun, name them, a text each."""
    if tables.missing.empty:
        return []
    n_runs = len(list(config.run_specs()))
    lines = [f"{len(tables.missing)} of {n_runs} runs have no scores yet"]
    if tables.shown:
        lines += [
            f"{dataset}, {mapping}: {in_short(rows)}"
            for (dataset, mapping), rows in tables.missing.groupby(["dataset", "mapping"], sort=False)
        ]
    return lines
