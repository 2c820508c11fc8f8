"""Files that readers take from the site: tables as CSV and Parquet, with sizes."""

import gzip
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd

# What each table has, in the order of the page.
TABLES = {
    "leaderboard": "mean, interval, rank and mark of every method and score",
    "metrics": "every score of every fold",
    "intervals": "95 % intervals of scores",
    "differences": "paired differences between methods on the same frames, with intervals and p values",
    "runs": "cost, settings, card and provenance of every run",
    "noise_floor": "scores of MD against MD, for every dataset and fold",
}
NAMES = ("dataset", "mapping", "method", "other")  # columns of text, in which "NA" is a name
PLAIN = 500_000  # bytes, beyond which a CSV is compressed


def file_link(path: Path, site: Path) -> dict[str, str]:
    """Address, name, kind and size of a file of the site."""
    size = path.stat().st_size
    words = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    kind = path.name.partition(".")[2]
    return {"address": path.relative_to(site).as_posix(), "name": path.name, "kind": kind, "size": words}


def offer_tables(folder: Path, site: Path) -> list[dict[str, Any]]:
    """Write each table of a folder as Parquet too, and compress a CSV that is large.

    Returns
    -------
    list of dict
        ``name``, ``says``, number of ``rows``, and ``files`` of each table that is there.
    """
    offered = []
    for name, says in TABLES.items():
        path = folder / f"{name}.csv"
        if not path.exists():
            continue
        dtype = dict.fromkeys(NAMES, str)
        table = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values=["", "nan"])
        parquet = path.with_suffix(".parquet")
        fastparquet.write(str(parquet), table, compression="ZSTD", write_index=False)
        if path.stat().st_size > PLAIN:
            packed = path.with_suffix(".csv.gz")
            packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
            path = packed
        files = [file_link(each, site) for each in (path, parquet)]
        offered.append({"name": name, "says": says, "rows": len(table), "files": files})
    return offered
