"""Refusal of fits that would need more memory than the machine can be expected to have."""

from cgbench.core.errors import InputError

MOST_GIB = 8.0


def require_memory(numbers: float, size: str, cure: str) -> None:
    """Check, before anything is allocated, that a fit does not need too much memory.

    Parameters
    ----------
    numbers
        Double-precision numbers that the fit holds at once.
    size
        What the number follows from, such as ``linear: 800 frames of 10,000 atoms``.
    cure
        What to do instead.

    Raises
    ------
    InputError
        If they take more than 8 GiB.
    """
    gib = 8 * numbers / 2**30
    if gib > MOST_GIB:
        raise InputError(f"{size} need {gib:.0f} GiB of memory, and at most {MOST_GIB:.0f} are used; {cure}")
