"""The configuration: its single definition, checked before anything runs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from cgbench import plugins
from cgbench.errors import InputError
from cgbench.reading import read_yaml
from cgbench.schema import Compute, Protocol, RawConfig, Run, Tracking
from cgbench.settings import Settings, parse_settings
from cgbench.simulation.recipe import Recipe

__all__ = ["Cell", "Compute", "Config", "PlugIn", "Protocol", "RawConfig", "Run"]

_SPEC_EXAMPLE = '{"use": "linear", "settings": {}}'


@dataclass(frozen=True)
class PlugIn:
    """A plug-in chosen and set up by the config."""

    room: str
    name: str
    use: str
    settings: Settings

    def to_json(self) -> str:
        """JSON that :meth:`from_json` and the command line take; equal plug-ins give equal text."""
        return json.dumps(
            {"name": self.name, "use": self.use, "settings": self.settings.model_dump(mode="json")},
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, room: str, text: str) -> "PlugIn":
        """Inverse of :meth:`to_json`; ``name`` and ``settings`` may be left out.

        Raises
        ------
        InputError
            If the text is not such JSON or the plug-in refuses its settings.
        """
        try:
            spec = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{room} spec: not valid JSON ({error}); example: {_SPEC_EXAMPLE}") from None
        if not isinstance(spec, dict) or "use" not in spec or spec.keys() - {"name", "use", "settings"}:
            raise InputError(f"{room} spec {text!r}: expected something like {_SPEC_EXAMPLE}")
        use = str(spec["use"])
        name = str(spec.get("name", use))
        return cls.parse(room, name, use, spec.get("settings") or {}, f"{room} spec {name}")

    def create(self, *args: Any) -> Any:
        """Instantiate the plug-in's class with its settings."""
        return plugins.load(self.room, self.use)(self.settings, *args)

    @classmethod
    def parse(cls, room: str, name: str, use: str, values: dict[str, Any], where: str) -> "PlugIn":
        """Check ``values`` against the settings of plug-in ``use``."""
        return cls(room, name, use, parse_settings(plugins.load(room, use).Settings, values, where))


@dataclass(frozen=True)
class Cell:
    """One row of the benchmark: a method trained and tested on one task."""

    dataset: str
    mapping: str
    n_beads: int
    method: str
    fold: int


@dataclass(frozen=True)
class Config:
    """The checked configuration."""

    seed: int
    results: str
    protocol: Protocol
    compute: Compute
    tracking: Tracking
    run: Run
    datasets: dict[str, PlugIn]
    mappings: dict[str, PlugIn]
    methods: dict[str, PlugIn]
    methods_for: dict[tuple[str, str], PlugIn]  # by method and dataset, where settings differ
    simulations: dict[str, Recipe]

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str = "config") -> "Config":
        """Check everything that can be checked without reading data.

        Raises
        ------
        InputError
            Naming the key, its value and the cure.
        """
        raw = parse_settings(RawConfig, values, where)
        methods, methods_for = _methods(raw, where)
        config = cls(
            seed=raw.seed,
            results=raw.results,
            protocol=raw.protocol,
            compute=raw.compute,
            tracking=raw.tracking,
            run=raw.run,
            datasets=_plug_ins("datasets", "datasets", raw.datasets, where, key="source"),
            mappings=_plug_ins("mapping", "mappings", raw.mappings, where),
            methods=methods,
            methods_for=methods_for,
            simulations=raw.simulations,
        )
        config._check_run(where)
        return config

    @classmethod
    def load(cls, *paths: Path | str) -> "Config":
        """Read YAML files; later ones are merged over earlier ones as Snakemake does (lists are replaced)."""
        merged: dict[str, Any] = {}
        for path in paths:
            content = read_yaml(path)
            if not isinstance(content, dict):
                raise InputError(
                    f"{path}: expected keys and values at the top level, found {type(content).__name__}"
                )
            _merge(merged, content)
        return cls.from_dict(merged, " + ".join(map(str, paths)))

    def method(self, name: str, dataset: str) -> PlugIn:
        """Return a method with its settings for a dataset."""
        return self.methods_for.get((name, dataset), self.methods[name])

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

    def _check_run(self, where: str) -> None:
        for key, chosen, defined in (
            ("datasets", self.run.datasets, list(self.datasets)),
            ("mappings", self.run.mappings, list(self.mappings)),
            ("methods", self.run.methods, list(self.methods)),
            ("metrics", self.run.metrics, plugins.names("metrics")),
        ):
            for name in chosen:
                if name not in defined:
                    raise InputError(
                        f"{where}: run.{key} asks for {name!r}, which is not defined; "
                        f"defined {key}: {', '.join(defined) or 'none'}"
                    )
            if not chosen:
                raise InputError(f"{where}: run.{key} is empty; choose from {', '.join(defined)}")
        for name, resolutions in self.run.resolutions.items():
            if name not in self.datasets:
                raise InputError(
                    f"{where}: run.resolutions.{name} is {resolutions}, but there is no such dataset; "
                    f"correct the name or remove the key; defined datasets: "
                    f"{', '.join(self.datasets) or 'none'}"
                )
            undefined = set() if isinstance(resolutions, list) else resolutions.keys() - self.mappings.keys()
            if undefined:
                raise InputError(
                    f"{where}: run.resolutions.{name} names {', '.join(sorted(undefined))}, but there is no "
                    f"such mapping; defined mappings: {', '.join(self.mappings) or 'none'}"
                )
        run = self.run
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


def _plug_ins(
    room: str, section: str, entries: Mapping[str, dict[str, Any] | None], where: str, key: str = "use"
) -> dict[str, PlugIn]:
    """Check one section; ``key`` names the plug-in, which is the entry's own name where it is left out."""
    checked = {}
    for name, entry in entries.items():
        values = dict(entry or {})
        use = values.pop(key, name)
        if use not in plugins.names(room):
            raise InputError(
                f"{where}: {section}.{name}.{key} is {use!r}, for which there is no file in cgbench/{room}; "
                f"there are: {', '.join(plugins.names(room))}"
            )
        checked[name] = PlugIn.parse(room, name, use, values, f"{where}: {section}.{name}")
    return checked


def _methods(raw: RawConfig, where: str) -> tuple[dict[str, PlugIn], dict[tuple[str, str], PlugIn]]:
    """Check the methods, and those of their settings that are for one dataset alone (key ``for``)."""
    entries = {name: dict(entry or {}) for name, entry in raw.methods.items()}
    special = {name: entry.pop("for", None) or {} for name, entry in entries.items()}
    methods = _plug_ins("methods", "methods", entries, where)
    methods_for = {}
    for name, by_dataset in special.items():
        at = f"{where}: methods.{name}.for"
        if not isinstance(by_dataset, dict):
            raise InputError(f"{at} is {by_dataset!r}; give settings by dataset, as {{chignolin: {{...}}}}")
        for dataset, values in by_dataset.items():
            if dataset not in raw.datasets:
                raise InputError(
                    f"{at} names {dataset!r}, but there is no such dataset; "
                    f"defined datasets: {', '.join(raw.datasets) or 'none'}"
                )
            if not isinstance(values, dict):
                raise InputError(f"{at}.{dataset} is {values!r}; give settings as keys and values")
            general = {key: value for key, value in entries[name].items() if key != "use"}
            plug_in = PlugIn.parse("methods", name, methods[name].use, general | values, f"{at}.{dataset}")
            methods_for[name, dataset] = plug_in
    return methods, methods_for


def _merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
