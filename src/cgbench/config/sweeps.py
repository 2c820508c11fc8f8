"""Sweeps of a setting: methods that differ in one number only."""

import json
from collections import defaultdict
from collections.abc import Iterable

from cgbench.core.registry import PlugIn


def swept(methods: Iterable[PlugIn]) -> dict[str, list[str]]:
    """Find settings that differ between methods of one plug-in whose other settings agree.

    Returns
    -------
    dict
        For each such setting, the names of the methods that differ in it only. If there are several such
        groups of methods, the largest one, or the first of the largest.
    """
    groups: dict[str, dict[str, dict[float, str]]] = defaultdict(lambda: defaultdict(dict))
    for method in methods:
        values = method.settings.model_dump(mode="json")
        for setting, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                others = {name: other for name, other in values.items() if name != setting}
                key = json.dumps([method.use, others], sort_keys=True)
                groups[setting][key].setdefault(float(value), method.name)
    largest = {setting: max(by_others.values(), key=len) for setting, by_others in groups.items()}
    return {setting: list(names.values()) for setting, names in largest.items() if len(names) > 1}
