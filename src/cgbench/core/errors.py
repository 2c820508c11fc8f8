"""The exception that is shown to users, and parts of its messages."""

from collections.abc import Sequence

_LONGEST = 2000  # characters of a message, which may quote a value of any size


class InputError(ValueError):
    """The user's input cannot be used.

    The message names the file or key, the value and the cure. The command line prints it without a
    traceback and exits with status 2. Very long messages are shortened in the middle.
    """

    def __init__(self, message: str) -> None:
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"
        super().__init__(message)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural unless the number is 1."""
    return f"{number} {noun}{'s' * (number != 1)}"


def listed(items: Sequence[str], most: int = 8) -> str:
    """Join items for a message: the first ``most``, and the number of the others."""
    others = len(items) - most
    return ", ".join(items[:most]) + (f" and {others} more" if others > 0 else "")
