"""The configuration: its single definition, checked before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cgbench.config.run_matrix import RunMatrix, parse_run_matrix
from cgbench.config.schema import Compute, RawConfig, Tracking
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.simulation.recipe import Recipe


@dataclass(frozen=True)
class Config(RunMatrix):
    """The checked configuration: a plan, with all that it takes to carry it out."""

    seed: int
    compute: Compute
    tracking: Tracking
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
        raw = parse_run_matrix(values, where)
        methods, methods_for = _methods(raw, where)
        return cls(
            seed=raw.seed,
            results=raw.results,
            protocol=raw.protocol,
            compute=raw.compute,
            tracking=raw.tracking,
            run=raw.run,
            datasets=_plug_ins("sources", "datasets", raw.datasets, where, key="source"),
            mappings=_plug_ins("mapping", "mappings", raw.mappings, where),
            methods=methods,
            methods_for=methods_for,
            simulations=raw.simulations,
        )

    def method(self, name: str, dataset: str) -> PlugIn:
        """Return a method with its settings for a dataset."""
        return self.methods_for.get((name, dataset), self.methods[name])


def _plug_ins(
    kind: str, section: str, entries: Mapping[str, dict[str, Any] | None], where: str, key: str = "use"
) -> dict[str, PlugIn]:
    """Check one section; ``key`` names the plug-in, which is the entry's own name where it is left out."""
    checked = {}
    for name, entry in entries.items():
        values = dict(entry or {})
        use = values.pop(key, name)
        if use not in registry.names(kind):
            raise InputError(
                f"{where}: {section}.{name}.{key} is {use!r}, but there is no such file in "
                f"{registry.folder(kind)}; known: {', '.join(registry.names(kind))}"
            )
        checked[name] = PlugIn.parse(kind, name, use, values, f"{where}: {section}.{name}")
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
