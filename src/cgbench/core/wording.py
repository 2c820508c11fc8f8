"""Words of messages."""


def counted(number: object, noun: str, plural: str = "") -> str:
    """Return a number and its noun: "1 frame", "2 frames"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
