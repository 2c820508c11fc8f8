"""Settings along which a benchmark can be drawn: methods that differ in one number alone."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

from cgbench.config import PlugIn


def swept(methods: Iterable[PlugIn]) -> dict[str, list[str]]:
    """Find settings that vary between methods of one plug-in while all their other settings agree.

    Returns
    -------
    dict
        For each such setting, the names of the methods that differ in it and in nothing else.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for first, second in combinations(methods, 2):
        if first.use != second.use:
            continue
        values = first.settings.model_dump(), second.settings.model_dump()
        differ = [key for key in values[0] if values[0][key] != values[1][key]]
        if len(differ) == 1 and all(_is_number(each[differ[0]]) for each in values):
            found[differ[0]] |= dict.fromkeys((first.name, second.name))
    return {setting: list(names) for setting, names in found.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
