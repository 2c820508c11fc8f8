"""What Weights & Biases has kept offline, read from its file: blocks of 32 KiB, as LevelDB writes its log."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER, FULL, LAST = 32768, 7, 1, 4


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
        _, length, kind = struct.unpack_from("<IHB", content, position)
        position += HEADER
        pieces += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            yield Record.FromString(pieces)
            pieces = b""


def read_run(folder: Path) -> dict[str, Any]:
    """Read project, group, tags, kind, name, config, history, summary and exit code of one run."""
    (path,) = folder.glob("*.wandb")
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
