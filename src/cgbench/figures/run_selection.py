"""Runs of a benchmark that figures are drawn from, and the files that these runs share."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.errors import InputError
from cgbench.data.splits import Split
from cgbench.figures.noise_floor import read_floors
from cgbench.mapping.base import Mapping


@dataclass(frozen=True)
class RunSelection:
    """Runs of one dataset, with one mapping or all, and where their files are.

    Attributes
    ----------
    dataset, mapping
        Names in the configuration; the mapping is empty where all are meant.
    strict
        Whether a file that is missing is an error. Otherwise it is left out.
    """

    config: RunMatrix
    dataset: str
    mapping: str
    cells: Sequence[RunSpec]
    strict: bool = True

    @classmethod
    def of_config(cls, config: RunMatrix, dataset: str, mapping: str = "") -> Self:
        """Select all runs of a dataset, with one mapping or with all.

        Raises
        ------
        InputError
            If the configuration has no such runs.
        """
        cells = [
            cell for cell in config.run_specs() if cell.dataset == dataset and mapping in ("", cell.mapping)
        ]
        if not cells:
            pairs = dict.fromkeys(f"{cell.dataset} with {cell.mapping}" for cell in config.run_specs())
            raise InputError(
                f"the configuration has no runs of dataset {dataset!r}"
                + (f" with mapping {mapping!r}" if mapping else "")
                + f"; it has: {', '.join(pairs)}"
            )
        return cls(config, dataset, mapping, cells)

    @property
    def title(self) -> str:
        """Dataset and mapping, to be written above a figure."""
        return f"{self.dataset}, mapping: {self.mapping}"

    @property
    def data(self) -> Path:
        """Directory of the dataset."""
        return Path(self.config.results, "data", self.dataset)

    @property
    def figures(self) -> Path:
        """Directory of the figures in the results of the benchmark."""
        return Path(self.config.results, "figures", self.dataset, self.mapping)

    def runs(self, needed: str, methods: Collection[str] = (), fold: int | None = None) -> list[Path]:
        """List the directories of the runs, of all methods if none is named; ``needed`` must exist there."""
        folders = [
            self.config.run_folder(cell)
            for cell in self.cells
            if (not methods or cell.method in methods) and fold in (None, cell.fold)
        ]
        missing = [folder / needed for folder in folders if not (folder / needed).exists()]
        if missing and self.strict:
            raise InputError(
                f"{missing[0]}: no such file, one of {len(missing)}; run `snakemake all` to its end, or "
                "draw the finished runs with `cgbench partial`"
            )
        return [folder for folder in folders if folder / needed not in missing]

    def has_frames(self) -> bool:
        """Whether the dataset has been prepared."""
        return (self.data / "frames.npz").exists()

    def frames(self) -> Frames:
        """Read the MD frames of the dataset."""
        return Frames.load(self.data / "frames.npz")

    def split(self, fold: int, frames: Frames) -> Split:
        """Read the split of one fold."""
        return Split.load_for(self.data / "splits" / f"fold{fold}.json", frames, self.data / "frames.npz")

    def floors(self, *folds: int) -> pd.DataFrame:
        """Read the noise floors of the folds; of all folds if none is named."""
        folds = folds or tuple(range(self.config.protocol.folds))
        return read_floors(self._present(self.data / "splits" / f"fold{fold}.floor.csv" for fold in folds))

    def mappings(self, frames: Frames) -> list[Mapping]:
        """Read the mappings of fold 0 at all resolutions, from coarse to fine."""
        folder = Path(self.config.results, "mappings", self.dataset)
        resolutions = sorted({cell.n_beads for cell in self.cells})
        paths = self._present(folder / f"{self.mapping}-{n_beads}" / "fold0.json" for n_beads in resolutions)
        return [Mapping.load_for(path, frames.molecule.n_atoms, self.data / "frames.npz") for path in paths]

    def _present(self, paths: Iterable[Path]) -> list[Path]:
        return [path for path in paths if self.strict or path.exists()]
