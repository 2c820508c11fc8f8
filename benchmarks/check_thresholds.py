"""What the thresholds of `cgbench check` make of bundled MD frames.

    python benchmarks/check_thresholds.py [trajectory topology]

Every frame is checked, and the first table has the value of each check that is nearest to its limit. The
second compares bond lengths and angles with the force field that they are judged by: deviations of their
means from the equilibrium values, and their standard deviations, in units of the standard deviation at 300 K.
The third has the shares of frames that would fail by stricter limits of other programs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.geometry import bond_angles, pair_distances
from cgbench.chem.peptide_groups import omega, twist
from cgbench.chem.residue_templates import angle_parameters, bond_parameters
from cgbench.pipeline.checks.run import StructureReport, check_structure

RESOURCES = Path(__file__).parents[1] / "workflow" / "resources"
DATASETS = ("alanine_dipeptide", "chignolin")
CLASH_STRIDE = 20  # frames of which clashes are counted


def nearest(reports: list[StructureReport]) -> Iterator[dict[str, object]]:
    """Value of each check that is nearest to its limit."""
    for results in zip(*(report.results for report in reports), strict=True):
        worst = max(
            (each.worst for each in results if each.worst), key=lambda each: each.excess, default=None
        )
        if worst:
            failed = sum(each.n_frames for each in results)
            yield {
                "check": worst.check,
                "value": worst.value,
                "unit": worst.unit,
                "frames failed": failed,
            } | {
                "low": worst.low,
                "high": worst.high,
            }


def compared(reports: list[StructureReport], positions: np.ndarray) -> Iterator[dict[str, object]]:
    """Deviations from the force field, in units of its standard deviation."""
    structure = reports[0].structure
    molecule = structure.molecule
    for name, terms, parameters, measure in (
        ("bonds", molecule.bonds, bond_parameters, pair_distances),
        ("angles", molecule.angles, angle_parameters, bond_angles),
    ):
        expected = parameters(molecule, structure.types)
        deviations = (measure(positions, terms) - expected.mean) / expected.spread
        means, spreads = deviations.mean(axis=0), deviations.std(axis=0)
        yield {
            "terms": name,
            "number": len(terms),
            "lowest mean": means.min(),
            "highest mean": means.max(),
            "smallest spread": spreads.min(),
            "largest spread": spreads.max(),
            "largest deviation": np.abs(deviations).max(),
        }


def stricter(reports: list[StructureReport], positions: np.ndarray) -> Iterator[dict[str, object]]:
    """Shares of frames that fail by the limits of MolProbity."""
    molecule = reports[0].structure.molecule
    yield {
        "limit": "ω more than 30° from planar",
        "share of frames": (twist(omega(positions, molecule)) > 30).any(axis=1).mean(),
    }
    clashes = count_contacts(positions[::CLASH_STRIDE], molecule).clashes
    yield {"limit": "a pair overlaps by more than 0.4 Å", "share of frames": (clashes > 0).mean()}


def main() -> None:
    """Print the three tables of each dataset."""
    cases = {name: sorted((RESOURCES / name).glob("*.xtc")) for name in DATASETS}
    topologies = {name: RESOURCES / name / "topology.pdb" for name in DATASETS}
    if len(sys.argv) == 3:
        cases, topologies = {sys.argv[1]: [Path(sys.argv[1])]}, {sys.argv[1]: Path(sys.argv[2])}
    for name, trajectories in cases.items():
        reports = [check_structure(path, topology=topologies[name]) for path in trajectories]
        positions = np.concatenate([chunk for each in reports for chunk in each.structure.chunks()])
        print(
            f"\n{name}: {len(positions)} frames, {sum(each.passed for each in reports)} of {len(reports)} "
            "trajectories pass"
        )
        for table in (nearest(reports), compared(reports, positions), stricter(reports, positions)):
            print(f"\n{pd.DataFrame(table).to_markdown(index=False, floatfmt='.4g')}")


if __name__ == "__main__":
    main()
