"""The one exception a user is meant to read."""


class InputError(ValueError):
    """What the user supplied cannot be used.

    The message names the file or key, the offending value and the cure; the command line
    prints it without a traceback and exits with status 2.
    """
