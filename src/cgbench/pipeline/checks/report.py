"""Results of checks as a table, and as JSON and CSV."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cgbench import __version__
from cgbench.core.atomic_io import write_csv, write_json
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.pipeline.checks.run import CheckResult, StructureReport
from cgbench.pipeline.checks.structure import Structure
from cgbench.pipeline.checks.terms import Finding

SHOWN = 5  # failures of a check on the screen
FORMATS = (".json", ".csv")


def require_format(path: Path) -> None:
    """Refuse a path whose suffix is of another format; an InputError names it."""
    if path.suffix not in FORMATS:
        raise InputError(
            f"{path}: cannot be written in this format; give a name that ends in {', '.join(FORMATS)}"
        )


def write_report(report: StructureReport, path: Path) -> None:
    """Write all results as JSON or CSV, by the suffix, atomically.

    CSV has a row for each failure, and one for each check that passes, with the value nearest to its limit.
    """
    require_format(path)
    if path.suffix == ".json":
        write_json(path, as_json(report))
        return
    rows = [
        {"check": result.check, "passed": result.passed, **_described(finding, report.structure)}
        for result in report.results
        for finding in (result.failures or (result.worst,))
    ]
    write_csv(path, pd.DataFrame(rows).convert_dtypes())


def as_json(report: StructureReport) -> dict[str, Any]:
    """Return all results as a document of JSON."""
    structure = report.structure
    return {
        "cgbench": __version__,
        "file": str(structure.path),
        "passed": report.passed,
        "n_frames": structure.frames.n_frames,
        "frames_failed": report.n_frames_failed,
        "n_atoms": structure.molecule.n_atoms,
        "notes": list(report.notes),
        "checks": [
            {
                "check": result.check,
                "passed": result.passed,
                "examined": result.n_examined,
                "frames_failed": result.n_frames,
                "worst": _described(result.worst, structure) or None,
                "failures": [_described(finding, structure) for finding in result.failures],
            }
            for result in report.results
        ],
    }


def as_text(report: StructureReport) -> str:
    """Return a table with a row for each check, and the failures below."""
    structure = report.structure
    rows = [_row(result, structure) for result in report.results]
    lines = [pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)]
    for result in report.results:
        lines += [f"{result.check}: {_sentence(each, structure)}" for each in result.failures[:SHOWN]]
        if len(result.failures) > SHOWN:
            lines.append(f"{result.check}: {len(result.failures) - SHOWN} more (--output has all)")
    lines += list(report.notes)
    failed = [result.check for result in report.results if not result.passed]
    verdict = f"FAIL: {', '.join(failed)}" if failed else "PASS"
    if failed and structure.frames.n_frames > 1:
        verdict += f"; a check fails in {report.n_frames_failed} of {structure.frames.n_frames} frames"
    what = f"{counted(structure.frames.n_frames, 'frame')} of {counted(structure.molecule.n_atoms, 'atom')}"
    return "\n".join([*lines, f"{structure.path}, {what}: {verdict}"])


def _row(result: CheckResult, structure: Structure) -> dict[str, str]:
    worst = result.worst
    has_value = worst is not None and not np.isnan(worst.value)
    return {
        "check": result.check,
        "result": "pass" if result.passed and result.n_examined else "FAIL" if not result.passed else "none",
        "failed": f"{len(result.failures)} of {result.n_examined}",
        "frames": f"{result.n_frames} of {structure.frames.n_frames}",
        "worst": f"{worst.value:.3g} {worst.unit}" if worst and has_value else "",
        "limit": _limit(worst) if worst and has_value else "",
        "where": structure.place(worst.atoms) if worst and (has_value or not result.passed) else "",
        "frame": str(worst.frame) if worst and has_value else "",
    }


def _limit(finding: Finding) -> str:
    low, high = finding.low, finding.high
    if np.isinf(low):
        return f"≤ {high:.3g}"
    return f"≥ {low:.3g}" if np.isinf(high) else f"{low:.3g} to {high:.3g}"


def _sentence(finding: Finding, structure: Structure) -> str:
    if finding.text:
        return finding.text
    frames = (
        f" in {finding.n_frames} frames, worst in {finding.frame}" if structure.frames.n_frames > 1 else ""
    )
    return f"{structure.place(finding.atoms)} {finding.value:.3g} {finding.unit} ({_limit(finding)}){frames}"


def _described(finding: Finding | None, structure: Structure) -> dict[str, Any]:
    """Return a finding with names in place of indices; None for what it lacks."""
    if finding is None:
        return {}
    return {
        "residue": structure.residue(finding.atoms[0]),
        "atoms": structure.place(finding.atoms),
        **{
            key: round(value, 4) if np.isfinite(value) else None
            for key, value in (("value", finding.value), ("low", finding.low), ("high", finding.high))
        },
        "unit": finding.unit or None,
        "frame": finding.frame,
        "frames_failed": finding.n_frames if not finding.text else structure.frames.n_frames,
        "text": finding.text or None,
    }
