"""Plug-ins from outside, and an installed package with some."""

from pathlib import Path

METHOD = '''"""Every atom at its mean offset from its bead."""

from cgbench.core.settings import Settings
from cgbench.methods.base import DeterministicMethod

from ._offsets import mean_offset


class OffsetSettings(Settings):
    """Settings of the method.

    Attributes
    ----------
    scale
        Factor of the offsets.
    """

    scale: float = 1.0


class Method(DeterministicMethod):
    """Mean offset of every atom from its bead."""

    Settings = OffsetSettings
    equivariance = "none"
    reference = "this test"
    arrays = ("offset",)

    def fit(self, train, valid, context):
        self.offset = self.settings.scale * mean_offset(self.mapping, train)

    def backmap(self, beads):
        return self.mapping.lift(beads) + self.offset.astype(beads.dtype)
'''
OFFSETS = """
def mean_offset(mapping, frames):
    return (frames - mapping.lift(mapping.beads(frames))).mean(axis=0)
"""
MAPPING = '''"""Beads of consecutive atoms."""

import numpy as np

from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Equal runs of atoms."""

    reference = "this test"

    def _generate(self, molecule, n_beads, seed, positions):
        return Mapping.centres(np.arange(molecule.n_atoms) * n_beads // molecule.n_atoms)
'''
METRICS = '''"""Two metrics."""

from cgbench.metrics.base import PerFrameMetric


class Mean(PerFrameMetric):
    """Mean deviation."""

    label, unit, better, reference = "Mean", "Å", "lower", "this test"

    def per_frame(self, evaluation):
        return evaluation.sample_rmsd.mean(axis=1)


class Worst(Mean):
    """Largest deviation."""

    label = "Worst"

    def per_frame(self, evaluation):
        return evaluation.sample_rmsd.max(axis=1)


METRICS = {"mean_deviation": Mean, "worst_deviation": Worst}
'''
SOURCE = '''"""Every second frame of a bundled dataset."""

import numpy as np

from cgbench.data.sources import bundled


class Source(bundled.Source):
    """Every second frame of a bundled dataset."""

    def read(self):
        frames, card = super().read()
        return frames.take(np.arange(0, len(frames), 2)), card
'''


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write modules, whose paths have no suffix."""
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def plug_ins(folder: Path) -> Path:
    """A folder with a plug-in of every kind."""
    files = {
        "methods/offset": METHOD,
        "methods/_offsets": OFFSETS,
        "mappings/equal": MAPPING,
        "metrics/deviations": METRICS,
        "sources/halved": SOURCE,
    }
    return write(folder, files)


def install(site: Path, name: str, entry_points: str) -> None:
    """Install a distribution with entry points; its modules are written by the caller."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
