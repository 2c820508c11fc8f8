"""The configuration: its single definition, checked before anything runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cgbench import plugins
from cgbench.errors import InputError
from cgbench.plan import Cell, Plan, parse_plan
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
class Config(Plan):
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
        raw = parse_plan(values, where)
        methods, methods_for = _methods(raw, where)
        return cls(
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

    def method(self, name: str, dataset: str) -> PlugIn:
        """Return a method with its settings for a dataset."""
        return self.methods_for.get((name, dataset), self.methods[name])


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
