"""Settings along which a benchmark can be drawn: methods that differ in one number alone."""

import json
from collections import defaultdict
from collections.abc import Iterable

from cgbench.core.registry import PlugIn


def swept(methods: Iterable[PlugIn]) -> dict[str, list[str]]:
    """Find settings that vary between methods of one plug-in while all their other settings agree.

    Returns
    -------
    dict
        For each such setting, the names of the methods that differ in it and in nothing else. Of several
        such groups, which differ in more between them, it is the one with the most values, the first of
        equals.
    """
    groups: dict[str, dict[str, dict[float, str]]] = defaultdict(lambda: defaultdict(dict))
    for method in methods:
        values = method.settings.model_dump(mode="json")
        for setting, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                others = {key: other for key, other in values.items() if key != setting}
                alike = json.dumps([method.use, others], sort_keys=True)
                groups[setting][alike].setdefault(float(value), method.name)
    largest = {setting: max(alike.values(), key=len) for setting, alike in groups.items()}
    return {setting: list(names.values()) for setting, names in largest.items() if len(names) > 1}
