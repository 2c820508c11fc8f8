"""The exception that is shown to users."""

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
