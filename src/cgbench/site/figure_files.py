"""Figures on the site: copies of the files for print, each with its caption."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.errors import InputError
from cgbench.report.export import reduce_picture
from cgbench.site.downloads import file_link

Json = dict[str, Any]

# Kinds of figures in the order of a page, their titles and captions. {method} is in the names of those that
# show one method.
OF_METHOD = {
    "training": (
        "Training",
        "Terms of the training loss over epochs: training frames, and validation frames of every fold.",
    ),
    "ramachandran": (
        "Ramachandran maps",
        "Density of φ and ψ in 1/degree², and its difference from MD, by resolution. ED: energy distance "
        "(dimensionless) from the MD test frames of fold 0, beside that of MD from MD; residues pooled.",
    ),
    "atoms": (
        "Errors of the atoms",
        "Root mean square distance of every atom from its place in MD (Å), over the test frames of fold 0.",
    ),
}
DISTRIBUTIONS = ("torsions", "bonds", "angles")
WITH_FLOOR = (
    " in samples and in MD, pooled over folds, with the distance from MD; grey: MD and its noise floor"
)
OF_MAPPING = {
    "comparison": (
        "Scores over resolution",
        "Energy score and RMSDs (Å) and graph error (dimensionless); means over folds with 95 % intervals.",
    ),
    "fidelity": (
        "Similarity to MD",
        "Energy distances of torsions (dimensionless), bond lengths (Å) and angles (°), clashes, chirality, "
        "energies and diversity of samples; grey: MD against MD. Means over folds with 95 % intervals.",
    ),
    "torsions": ("Torsions", f"Torsions{WITH_FLOOR} (dimensionless); bins of 10°."),
    "bonds": ("Bond lengths", f"Bond lengths{WITH_FLOOR} (Å); bins of 0.01 Å."),
    "angles": ("Bond angles", f"Bond angles{WITH_FLOOR} (°); bins of 1°."),
    "cost": (
        "Accuracy and cost",
        "RMSD of samples (Å, all atoms, 95 % interval) against times of training (s) and sampling (ms).",
    ),
    "ramachandran": ("Ramachandran maps of all methods", "Density of φ and ψ in 1/degree², fold 0."),
    "mapping": ("Beads on the bond graph", "The atoms of each bead at each resolution, fold 0."),
}
OF_DATASET = {
    "walkers": ("Agreement of trajectories", "Densities of φ and ψ in each trajectory."),
    "rmsd-rg": ("Shape", "RMSD and radius of gyration (Å) over time (ns), and their densities."),
}
FOLDER = "figures"
PRINT = (".pdf", ".svg", ".png")
LARGE = 30_000  # bytes of an SVG, from which a PNG may be smaller


class Figures:
    """Figures that the site shows; a file is copied when a page first asks for it.

    Parameters
    ----------
    problems
        Gets a sentence for every file that cannot be read.
    """

    def __init__(self, config: RunMatrix, site: Path, problems: list[str]) -> None:
        self._source = Path(config.results, FOLDER)
        self._site = site
        self._problems = problems
        self._made: dict[str, Json] = {}

    def of_method(self, dataset: str, mapping: str, method: str) -> Iterator[Json]:
        """Figures of one method on one dataset and mapping: title, caption, files (first the one to show)."""
        for kind, words in OF_METHOD.items():
            yield from self._figure(f"{dataset}/{mapping}/{kind}-{method}", words)
        for kind in DISTRIBUTIONS:  # it stands beside the other methods and the noise floor there
            yield from self._figure(f"{dataset}/{mapping}/{kind}", OF_MAPPING[kind])

    def of_mapping(self, dataset: str, mapping: str) -> Iterator[Json]:
        """Figures that show all methods on one dataset and mapping."""
        for kind, words in OF_MAPPING.items():
            yield from self._figure(f"{dataset}/{mapping}/{kind}", words)

    def of_dataset(self, dataset: str) -> Iterator[Json]:
        """Figures of the trajectories of a dataset."""
        for kind, words in OF_DATASET.items():
            yield from self._figure(f"{dataset}/{kind}", words)

    def _figure(self, name: str, words: tuple[str, str]) -> Iterator[Json]:
        if name not in self._made:
            shown = self._copy(name)
            self._made[name] = {
                "title": words[0],
                "caption": words[1],
                "files": [file_link(shown, self._site)] if shown else [],
            }
        if self._made[name]["files"]:
            yield self._made[name]

    def add_print(self, budget: int) -> None:
        """Add the other formats of the figures while they fit, first those that print best.

        Parameters
        ----------
        budget
            Largest size of all files that are added, bytes.
        """
        for suffix in PRINT:
            for name, figure in self._made.items():
                source, target = self._source / f"{name}{suffix}", self._site / FOLDER / f"{name}{suffix}"
                if not figure["files"] or target.exists() or not source.exists():
                    continue
                if source.stat().st_size <= budget:
                    budget -= source.stat().st_size
                    shutil.copyfile(source, target)
                    figure["files"].append(file_link(target, self._site))

    def _copy(self, name: str) -> Path | None:
        """Copy the SVG, or the PNG with few colours where it is smaller; return the copy, if any."""
        svg, png = (self._source / f"{name}.{kind}" for kind in ("svg", "png"))
        target = self._site / FOLDER / svg.relative_to(self._source)
        if not svg.exists():
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        if svg.stat().st_size > LARGE and png.exists():
            reduced = target.with_suffix(".png")
            try:
                reduce_picture(png, reduced)
                if reduced.stat().st_size < svg.stat().st_size:
                    return reduced
                reduced.unlink()
            except InputError as error:
                self._problems.append(str(error))
        shutil.copyfile(svg, target)
        return target
