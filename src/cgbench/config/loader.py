"""The complete configuration, checked before anything runs."""

from dataclasses import dataclass
from typing import Any

from cgbench.config.program import USE
from cgbench.config.run_matrix import RunMatrix, parse_programs, parse_run_matrix
from cgbench.config.schema import PLUG_IN_SECTIONS, Compute, RawConfig, Tracking
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.simulation.recipe import Recipe


@dataclass(frozen=True)
class Config(RunMatrix):
    """The checked configuration: the runs, and the settings of everything that they need."""

    seed: int
    compute: Compute
    tracking: Tracking
    datasets: dict[str, PlugIn]
    mappings: dict[str, PlugIn]
    methods: dict[str, PlugIn]
    methods_for: dict[tuple[str, str], PlugIn]  # by method and dataset, for settings under the key `for`
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
        for name in registry.names_outside("metrics"):
            if name in raw.run.metrics:
                registry.load("metrics", name)  # whose faults no setting shows
        programs = parse_programs(raw, where)
        methods = {name: dict(entry or {}) for name, entry in raw.methods.items() if name not in programs}
        by_dataset = {name: entry.pop("for", None) or {} for name, entry in methods.items()}
        plug_ins = {
            section: _plug_ins(section, _complete(entries), where)
            for section, entries in (
                ("datasets", raw.datasets),
                ("mappings", raw.mappings),
                ("methods", methods),
            )
        }
        return cls(
            seed=raw.seed,
            results=raw.results,
            protocol=raw.protocol,
            compute=raw.compute,
            tracking=raw.tracking,
            run=raw.run,
            entries=raw.entries,
            programs=programs,
            simulations=raw.simulations,
            methods_for=_for_datasets(methods, by_dataset, raw, where),
            **plug_ins,
        )

    def mapping(self, name: str, dataset: str, n_beads: int) -> PlugIn:
        """Return a mapping in whose settings ``{dataset}`` and ``{n_beads}`` are replaced."""
        spec = self.mappings[name].to_json().replace("{dataset}", dataset)
        return PlugIn.from_json("mapping", spec.replace("{n_beads}", str(n_beads)))

    def method(self, name: str, dataset: str) -> PlugIn:
        """Return a method with its settings for a dataset."""
        return self.methods_for.get((name, dataset), self.methods[name])


def _plug_ins(section: str, entries: dict[str, Any], where: str) -> dict[str, PlugIn]:
    """Check the entries of a section."""
    kind, key = PLUG_IN_SECTIONS[section]
    checked = {}
    for name, entry in entries.items():
        values = dict(entry or {})
        use = values.pop(key, name)
        if use not in registry.names(kind):
            known = [*registry.names(kind), *([USE] if kind == "methods" else [])]
            raise InputError(
                f"{where}: {section}.{name}.{key} is {use!r}, but there is no such file in "
                f"{registry.folder(kind)} or in `plugins`; known: {', '.join(known)}"
            )
        checked[name] = PlugIn.parse(kind, name, use, values, f"{where}: {section}.{name}")
    return checked


def _complete(entries: dict[str, Any]) -> dict[str, Any]:
    """Replace ``of``, where it names another entry, by the plug-in and the settings of that entry.

    Settings that an entry gives for the other one under ``settings`` take precedence.
    """

    def values(name: str, inside: tuple[str, ...]) -> dict[str, Any]:
        entry = dict(entries[name] or {})
        of, given = entry.get("of"), entry.get("settings") or {}
        if isinstance(of, str) and of in entries and of not in inside and isinstance(given, dict):
            base = values(of, (*inside, of))
            entry["of"] = base.pop("use", of)
            if settings := base | given:
                entry["settings"] = settings
        return entry

    return {name: values(name, (name,)) for name in entries}


def _for_datasets(
    methods: dict[str, Any], special: dict[str, Any], raw: RawConfig, where: str
) -> dict[tuple[str, str], PlugIn]:
    """Methods with other settings for a dataset: key ``for`` of their entry, or of the one they build on."""
    for method, by_dataset in special.items():
        key = f"{where}: methods.{method}.for"
        if not isinstance(by_dataset, dict):
            raise InputError(f"{key} is {by_dataset!r}; give settings by dataset, as {{chignolin: {{...}}}}")
        for dataset, values in by_dataset.items():
            if dataset not in raw.datasets:
                raise InputError(
                    f"{key} names {dataset!r}, but there is no such dataset; correct the name; "
                    f"defined datasets: {', '.join(raw.datasets) or 'none'}"
                )
            if not isinstance(values, dict):
                raise InputError(f"{key}.{dataset} is {values!r}; give settings as keys and values")
    found, general = {}, _complete(methods)
    for dataset in raw.datasets:
        entries = {name: entry | special[name].get(dataset, {}) for name, entry in methods.items()}
        for name, entry in _complete(entries).items():
            if entry != general[name]:
                use = entry.pop("use", name)
                key = f"{where}: methods.{name}.for.{dataset}"
                found[name, dataset] = PlugIn.parse("methods", name, use, entry, key)
    return found
