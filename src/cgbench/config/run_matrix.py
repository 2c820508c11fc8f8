"""The runs of a benchmark and their folders, from a configuration without the settings of plug-ins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cgbench.config.entry import Entry
from cgbench.config.program import USE, Program
from cgbench.config.schema import Protocol, RawConfig, Run
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.core.strict_yaml import read_yaml

TOGETHER = "config/config.yaml, config/simulations.yaml and yours"


@dataclass(frozen=True)
class RunSpec:
    """One run of the benchmark: a method or an entry on one task and fold."""

    dataset: str
    mapping: str
    n_beads: int
    method: str
    fold: int

    @property
    def task(self) -> str:
        """Name of the task."""
        return f"{self.dataset}-{self.mapping}-{self.n_beads}"


@dataclass(frozen=True)
class RunMatrix:
    """The part of a configuration that defines the runs; settings of plug-ins are not checked."""

    results: str
    protocol: Protocol
    run: Run
    entries: dict[str, Entry]
    programs: dict[str, Program]

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str = "config") -> Self:
        """Check the sections, and that ``run`` names only defined entries.

        Raises
        ------
        InputError
            Naming the key, its value and how to correct it.
        """
        raw = parse_run_matrix(values, where)
        return cls(raw.results, raw.protocol, raw.run, raw.entries, parse_programs(raw, where))

    @classmethod
    def load(cls, *paths: Path | str) -> Self:
        """Read YAML files; later files override earlier ones as in Snakemake (lists are replaced)."""
        merged: dict[str, Any] = {}
        for path in paths:
            content = read_yaml(path)
            if not isinstance(content, dict):
                raise InputError(
                    f"{path}: expected keys and values at the top level, found {type(content).__name__}; "
                    "see config/README.md"
                )
            merge(merged, content)
        return cls.from_dict(merged, " + ".join(map(str, paths)))

    def run_specs(self) -> Iterator[RunSpec]:
        """All runs of the benchmark, in the order of the configuration; entries follow the methods."""
        for dataset in self.run.datasets:
            for mapping in self.run.mappings:
                for n_beads in self.run.n_beads(dataset, mapping):
                    for method in (*self.run.methods, *self.entries):
                        for fold in range(self.protocol.folds):
                            spec = RunSpec(dataset, mapping, n_beads, method, fold)
                            if self._is_run(spec):
                                yield spec

    def _is_run(self, spec: RunSpec) -> bool:
        """Whether an entry has predictions for the task, or a program reads its beads; all else is run."""
        if spec.method in self.entries:
            return spec.task in self.entries[spec.method].tasks
        return spec.method not in self.programs or spec.mapping in self.programs[spec.method].mappings

    def run_folder(self, spec: RunSpec) -> Path:
        """Folder of the model, samples, scores and logs of one run."""
        task = f"{spec.mapping}-{spec.n_beads}"
        return Path(self.results, "runs", spec.dataset, task, spec.method, f"fold{spec.fold}")


def parse_run_matrix(values: dict[str, Any], where: str) -> RawConfig:
    """Check a configuration except for the settings of plug-ins.

    Raises
    ------
    InputError
        Naming the key, its value and how to correct it.
    """
    try:
        raw = parse_settings(RawConfig, values, where)
    except InputError as error:
        if "datasets" in values and "run" in values:
            raise
        raise InputError(
            f"{error}; or give the files together that make a configuration: {TOGETHER}"
        ) from None
    run = raw.run
    for key, chosen, defined, plug_ins in (
        ("datasets", run.datasets, list(raw.datasets), ()),
        ("mappings", run.mappings, list(raw.mappings), registry.names("mapping")),
        ("methods", run.methods, list(raw.methods), registry.names("methods")),
        ("metrics", run.metrics, registry.names("metrics"), ()),
    ):
        if not chosen:
            raise InputError(f"{where}: run.{key} is empty; choose from {', '.join(defined)}")
        for name in chosen:
            if name not in defined:
                cure = f"add `{key}: {{{name}: }}`" if name in plug_ins else "correct it, or define it"
                raise InputError(
                    f"{where}: run.{key} contains {name!r}, which is not defined; {cure}; "
                    f"defined {key}: {', '.join(defined) or 'none'}"
                )
    _check_resolutions(raw, where)
    _check_entries(raw, where)
    return raw


def parse_programs(raw: RawConfig, where: str) -> dict[str, Program]:
    """Check the entries of ``methods`` that are programs.

    Raises
    ------
    InputError
        Naming the key, its value and how to correct it.
    """
    programs = {}
    for name, entry in raw.methods.items():
        values = dict(entry or {})
        if values.pop("use", name) == USE:
            programs[name] = program = parse_settings(Program, values, f"{where}: methods.{name}")
            for mapping in program.mappings:
                if mapping not in raw.mappings:
                    raise InputError(
                        f"{where}: methods.{name}.mappings contains {mapping!r}, which is not defined; "
                        f"correct it; defined mappings: {', '.join(raw.mappings) or 'none'}"
                    )
    return programs


def _check_entries(raw: RawConfig, where: str) -> None:
    tasks = [
        f"{dataset}-{mapping}-{n_beads}"
        for dataset in raw.run.datasets
        for mapping in raw.run.mappings
        for n_beads in raw.run.n_beads(dataset, mapping)
    ]
    for name, entry in raw.entries.items():
        key = f"{where}: entries.{name}"
        if name in raw.methods:
            raise InputError(f"{key}: a method has this name; give the entry another one")
        for task in entry.tasks:
            if task not in tasks:
                raise InputError(
                    f"{key}.tasks contains {task!r}, which is no task of this run; correct it, or select the "
                    f"task in run; its tasks: {', '.join(tasks)}"
                )
        if raw.protocol.folds > 1 and "{fold}" not in entry.path:
            raise InputError(
                f"{key}.path is {entry.path!r}, one file for {raw.protocol.folds} folds; write {{fold}} "
                "where the number of the fold belongs"
            )


def _check_resolutions(raw: RawConfig, where: str) -> None:
    run = raw.run
    for name, resolutions in run.resolutions.items():
        if name not in raw.datasets:
            raise InputError(
                f"{where}: run.resolutions.{name} is {resolutions}, but there is no such dataset; correct "
                f"the name or remove the key; defined datasets: {', '.join(raw.datasets) or 'none'}"
            )
        undefined = set() if isinstance(resolutions, list) else resolutions.keys() - raw.mappings.keys()
        if undefined:
            raise InputError(
                f"{where}: run.resolutions.{name} names {', '.join(sorted(undefined))}, but there is no such "
                f"mapping; correct the name; defined mappings: {', '.join(raw.mappings) or 'none'}"
            )
    for dataset in run.datasets:
        if not any(run.n_beads(dataset, mapping) for mapping in run.mappings):
            raise InputError(
                f"{where}: run.resolutions lists no numbers of beads for dataset {dataset!r} with any of "
                f"run.mappings ({', '.join(run.mappings)}); add a list of them"
            )
    for mapping in run.mappings:
        if not any(run.n_beads(dataset, mapping) for dataset in run.datasets):
            raise InputError(
                f"{where}: run.mappings contains {mapping!r}, but run.resolutions lists no numbers of beads "
                f"for it with any of run.datasets ({', '.join(run.datasets)}); add a list of them, or remove "
                "the mapping"
            )


def merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Merge a configuration into another one: mappings recursively, other values are replaced."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
