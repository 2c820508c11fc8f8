"""All checks of a structure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cgbench.core.errors import InputError
from cgbench.pipeline.checks.bead_drift import BeadDrift
from cgbench.pipeline.checks.composition import composition
from cgbench.pipeline.checks.contacts import contact_pairs
from cgbench.pipeline.checks.geometry import disulfide_terms, geometry_terms
from cgbench.pipeline.checks.reference import Reference
from cgbench.pipeline.checks.structure import Structure, open_structure
from cgbench.pipeline.checks.terms import Finding, Pairs, Terms

ORDER = (
    "names", "missing_atoms", "termini", "disulfides", "bonds", "angles", "chirality", "beta_chirality",
    "cis_peptides", "twisted_peptides", "peptide_planarity", "ring_planarity", "ring_piercing", "clashes",
    "bead_drift",
)  # fmt: skip


@dataclass(frozen=True)
class CheckResult:
    """Result of one check.

    Attributes
    ----------
    n_examined
        Number of terms, atoms or residues; 0 if the molecule has none.
    n_frames
        Number of frames that fail.
    failures
        What fails, worst first.
    worst
        The value that is farthest out of its range or, if all pass, nearest to its end; None without values.
    """

    check: str
    n_examined: int
    n_frames: int
    failures: tuple[Finding, ...]
    worst: Finding | None

    @property
    def passed(self) -> bool:
        """Whether nothing fails."""
        return not self.failures


@dataclass(frozen=True)
class StructureReport:
    """Results of all checks of a structure.

    Attributes
    ----------
    notes
        What was left out or changed, one sentence each.
    n_frames_failed
        Number of frames that fail a check.
    """

    structure: Structure
    results: tuple[CheckResult, ...]
    notes: tuple[str, ...]
    n_frames_failed: int

    @property
    def passed(self) -> bool:
        """Whether every check passes."""
        return all(result.passed for result in self.results)

    def result(self, check: str) -> CheckResult:
        """Return the result of a check by its name."""
        return next(result for result in self.results if result.check == check)


def check_structure(
    path: Path | str,
    *,
    topology: Path | str | None = None,
    reference: Path | str | None = None,
    beads: Path | str | None = None,
    beads_topology: Path | str | None = None,
    mapping: str | None = None,
    selection: str = "not water",
) -> StructureReport:
    """Check every frame of a structure (docs/check.md).

    Frames are read in chunks; memory does not grow with their number.

    Parameters
    ----------
    path, topology, selection
        As for :func:`cgbench.pipeline.checks.structure.open_structure`.
    reference
        File with names of atoms, one frame or several, that decides on bonds, angles, chirality, cis peptide
        bonds and names.
    beads, beads_topology, mapping
        As for :class:`cgbench.pipeline.checks.bead_drift.BeadDrift`.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    structure = open_structure(path, topology, selection)
    compared = None if reference is None else Reference.open(reference, structure)
    if beads is None:
        return run_checks(structure, compared)
    drift = BeadDrift(structure, beads, beads_topology, mapping)
    report = run_checks(structure, compared, [drift.terms])
    return replace(report, notes=(*report.notes, drift.how))


def run_checks(
    structure: Structure, reference: Reference | None = None, further: Sequence[Terms] = ()
) -> StructureReport:
    """Check every frame of a structure that is open, with ``further`` terms.

    Raises
    ------
    InputError
        If atoms have more neighbours than in any molecule.
    """
    notes = structure.notes
    if not structure.has_hydrogens:
        notes = (*notes, "the structure has no hydrogens, so that none is missing")
    checks: list[Terms | Pairs] = [
        *geometry_terms(structure, reference),
        disulfide_terms(structure, reference),
        *contact_pairs(structure),
        *further,
    ]
    n_failed = dict.fromkeys(ORDER, 0)
    first = n_frames_failed = 0
    for positions in structure.chunks():
        any_failed = np.zeros(len(positions), dtype=bool)
        for check in checks:
            try:
                failed = check.add(positions, first)
            except InputError as error:
                raise InputError(f"{structure.path}: {error}") from None
            n_failed[check.check] += int(np.count_nonzero(failed))
            any_failed |= failed
        n_frames_failed += int(np.count_nonzero(any_failed))
        first += len(positions)
    fixed = composition(structure, reference)
    if any(faults for _, faults in fixed.values()):
        n_frames_failed = structure.frames.n_frames
    results = []
    for name in ORDER:
        own = [check for check in checks if check.check == name]
        n_examined, faults = fixed.get(name, (0, []))
        if own or name in fixed:
            n_examined = n_examined or sum(check.n_examined for check in own)
            findings = [*faults, *(finding for check in own for finding in check.findings())]
            n_frames = structure.frames.n_frames if faults else n_failed[name]
            results.append(_result(name, n_examined, n_frames, findings))
    return StructureReport(structure, tuple(results), notes, n_frames_failed)


def _result(name: str, n_examined: int, n_frames: int, findings: Sequence[Finding]) -> CheckResult:
    ordered = sorted(findings, key=lambda finding: -finding.excess)
    failures = tuple(finding for finding in ordered if finding.excess > 0)
    return CheckResult(name, n_examined, n_frames, failures, ordered[0] if ordered else None)
