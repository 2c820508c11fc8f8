"""What Weights & Biases has kept offline, read from its file: blocks of 32 KiB, as LevelDB writes its log."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER, FULL, LAST = 32768, 7, 1, 4
PATIENCE = 20.0  # seconds until a run without an end counts as ended without one


def records(path: Path) -> Iterator[Record]:
    """Yield the records of one ``.wandb`` file in order."""
    content = path.read_bytes()
    assert content[:4] == b":W&B"
    position, pieces = HEADER, b""
    while position < len(content):
        left = BLOCK - position % BLOCK
        if left < HEADER:
            position += left
            continue
        if position + HEADER > len(content):
            return
        _, length, kind = struct.unpack_from("<IHB", content, position)
        position += HEADER
        if position + length > len(content):
            return
        pieces += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            yield Record.FromString(pieces)
            pieces = b""


def read_run(folder: Path) -> dict[str, Any]:
    """Read project, group, tags, kind, name, config, history, summary and exit code of one run.

    The service that writes the file may still be at it when the run has been told to finish.
    """
    (path,) = folder.glob("*.wandb")
    deadline = time.monotonic() + PATIENCE
    while not any(record.HasField("exit") for record in records(path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    run: dict[str, Any] = {"history": [], "summary": {}, "config": {}, "exit_code": None}
    for record in records(path):
        if record.HasField("run"):
            run |= {
                "project": record.run.project,
                "group": record.run.run_group,
                "kind": record.run.job_type,
                "name": record.run.display_name,
                "tags": list(record.run.tags),
            }
            run["config"] |= _values(record.run.config.update)
        elif record.HasField("history"):
            row = _values(record.history.item)
            run["history"].append({key: value for key, value in row.items() if not key.startswith("_")})
        elif record.HasField("summary"):
            run["summary"] |= _values(record.summary.update)
        elif record.HasField("exit"):
            run["exit_code"] = record.exit.exit_code
    return run


def _values(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def offline_runs(directory: Path) -> list[Path]:
    """Folders of the runs in ``directory``, in the order in which they began."""
    return sorted(directory.glob("wandb/offline-run-*"), key=lambda folder: folder.stat().st_ctime_ns)
