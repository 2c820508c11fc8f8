"""Tasks on the site: their folds and beads, to read and to download."""

import zipfile
from pathlib import Path
from typing import Any

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError

FOLDER = "downloads"
DATE = (1980, 1, 1, 0, 0, 0)  # of files in an archive, so that equal files give equal archives


def folds(config: RunMatrix, dataset: str, problems: list[str]) -> list[dict[str, Any]]:
    """Count the frames in the parts of each fold, and name its test trajectories, counted from 1."""
    rows = []
    for fold in range(config.protocol.folds):
        path = Path(config.results, "data", dataset, "splits", f"fold{fold}.json")
        if not path.exists():
            continue
        try:
            stored = read_json(path)
            rows.append(
                {"fold": fold, "by": str(stored["by"])}
                | {part: len(stored[part]) for part in ("train", "valid", "test")}
                | {"walkers": ", ".join(str(number + 1) for number in stored["trajectories"]["test"])}
            )
        except (InputError, KeyError, TypeError) as error:
            problems.append(f"{path}: not a fold ({error}); delete it and run again")
    return rows


def archive(config: RunMatrix, dataset: str, site: Path) -> str:
    """Pack the folds and mappings of a dataset; return the address of the archive, or nothing."""
    results = Path(config.results)
    folders = [results / "data" / dataset / "splits", results / "mappings" / dataset]
    files = sorted(path for folder in folders for path in folder.rglob("fold*.json"))
    if not files:
        return ""
    target = site / FOLDER / f"{dataset}.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(results).as_posix(), DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return target.relative_to(site).as_posix()
