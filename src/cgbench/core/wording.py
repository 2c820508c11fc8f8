"""Lists, plurals and choices in messages."""

from collections.abc import Sequence


def counted(number: object, noun: str, plural: str = "") -> str:
    """Return a number and its noun: "1 frame", "2 frames"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listed(items: Sequence[str], most: int = 8) -> str:
    """Join items for a message: the first ``most``, and the number of the others."""
    others = len(items) - most
    return ", ".join(items[:most]) + (f" and {others} more" if others > 0 else "")


def selected(name: str) -> str:
    """Return a name as mdtraj's selection language reads it, which misreads ``NA+`` and ``1CA`` unquoted."""
    return name if name.isidentifier() else repr(name)
