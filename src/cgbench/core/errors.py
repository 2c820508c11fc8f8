"""The one exception a user is meant to read."""

_LONGEST = 2000  # characters of a message; what is wrong may be quoted in it, and may be of any size


class InputError(ValueError):
    """What the user supplied cannot be used.

    The message names the file or key, the offending value and the cure; the command line
    prints it without a traceback and exits with status 2. Of a message that no one would read, the
    beginning and the end are kept.
    """

    def __init__(self, message: str) -> None:
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"
        super().__init__(message)
