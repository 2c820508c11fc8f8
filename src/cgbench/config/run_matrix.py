"""Which runs a benchmark consists of and where they lie: what can be read without loading any plug-in."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

from cgbench.config.schema import Protocol, RawConfig, Run
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.safe_io import read_yaml
from cgbench.core.settings import parse_settings


@dataclass(frozen=True)
class Cell:
    """One row of the benchmark: a method trained and tested on one task."""

    dataset: str
    mapping: str
    n_beads: int
    method: str
    fold: int


@dataclass(frozen=True)
class RunMatrix:
    """The part of a configuration that says what to run; settings of plug-ins are not looked at."""

    results: str
    protocol: Protocol
    run: Run

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str = "config") -> Self:
        """Check the sections, and that ``run`` asks for what is defined.

        Raises
        ------
        InputError
            Naming the key, its value and the cure.
        """
        raw = parse_run_matrix(values, where)
        return cls(raw.results, raw.protocol, raw.run)

    @classmethod
    def load(cls, *paths: Path | str) -> Self:
        """Read YAML files; later ones are merged over earlier ones as Snakemake does (lists are replaced)."""
        merged: dict[str, Any] = {}
        for path in paths:
            content = read_yaml(path)
            if not isinstance(content, dict):
                raise InputError(
                    f"{path}: expected keys and values at the top level, found {type(content).__name__}"
                )
            merge(merged, content)
        return cls.from_dict(merged, " + ".join(map(str, paths)))

    def cells(self) -> Iterator[Cell]:
        """All rows of the benchmark, in a stable order."""
        for dataset in self.run.datasets:
            for mapping in self.run.mappings:
                for n_beads, method, fold in product(
                    self.run.n_beads(dataset, mapping), self.run.methods, range(self.protocol.folds)
                ):
                    yield Cell(dataset, mapping, n_beads, method, fold)

    def run_folder(self, cell: Cell) -> Path:
        """Directory in which everything about one row lies: model, samples, scores and logs."""
        task = f"{cell.mapping}-{cell.n_beads}"
        return Path(self.results, "runs", cell.dataset, task, cell.method, f"fold{cell.fold}")


def parse_run_matrix(values: dict[str, Any], where: str) -> RawConfig:
    """Check a configuration but for the settings of its plug-ins.

    Raises
    ------
    InputError
        Naming the key, its value and the cure.
    """
    raw = parse_settings(RawConfig, values, where)
    _check_run(raw, where)
    return raw


def _check_run(raw: RawConfig, where: str) -> None:
    for key, chosen, defined in (
        ("datasets", raw.run.datasets, list(raw.datasets)),
        ("mappings", raw.run.mappings, list(raw.mappings)),
        ("methods", raw.run.methods, list(raw.methods)),
        ("metrics", raw.run.metrics, registry.names("metrics")),
    ):
        for name in chosen:
            if name not in defined:
                raise InputError(
                    f"{where}: run.{key} asks for {name!r}, which is not defined; "
                    f"defined {key}: {', '.join(defined) or 'none'}"
                )
        if not chosen:
            raise InputError(f"{where}: run.{key} is empty; choose from {', '.join(defined)}")
    for name, resolutions in raw.run.resolutions.items():
        if name not in raw.datasets:
            raise InputError(
                f"{where}: run.resolutions.{name} is {resolutions}, but there is no such dataset; "
                f"correct the name or remove the key; defined datasets: "
                f"{', '.join(raw.datasets) or 'none'}"
            )
        undefined = set() if isinstance(resolutions, list) else resolutions.keys() - raw.mappings.keys()
        if undefined:
            raise InputError(
                f"{where}: run.resolutions.{name} names {', '.join(sorted(undefined))}, but there is no "
                f"such mapping; defined mappings: {', '.join(raw.mappings) or 'none'}"
            )
    run = raw.run
    for dataset in run.datasets:
        if not any(run.n_beads(dataset, mapping) for mapping in run.mappings):
            raise InputError(
                f"{where}: run.resolutions has nothing for dataset {dataset!r} with any of run.mappings "
                f"({', '.join(run.mappings)}); add a list of numbers of beads"
            )
    for mapping in run.mappings:
        if not any(run.n_beads(dataset, mapping) for dataset in run.datasets):
            raise InputError(
                f"{where}: run.mappings asks for {mapping!r}, but run.resolutions has nothing for it "
                f"with any of run.datasets ({', '.join(run.datasets)}); add a list there or leave it out"
            )


def merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Merge one configuration over another in place: sections recursively, all other values replaced."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
