"""Safe reading of files: nothing in them is executed, and errors name the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cgbench.core.errors import InputError


@contextmanager
def explained(path: Path | str, what: str, missing: str, cure: str) -> Iterator[None]:
    """Explain the errors of a block that reads a file.

    Parameters
    ----------
    what, missing, cure
        Parts of error messages: what the file should be, the advice if it is missing, and the advice
        if it is damaged.

    Raises
    ------
    InputError
        If the file is missing, or the block raises any error.
    """
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {missing}") from None
    except Exception as error:
        # Archive, compression, header and content raise different errors, from zlib to tokenize.
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: not {what} ({reason}); {cure}") from None


@contextmanager
def opened_arrays(path: Path | str, what: str, missing: str, cure: str) -> Iterator[Any]:
    """Open an ``.npy`` or ``.npz`` file; its arrays are read inside the block, as by :func:`explained`."""
    # Opened here, because numpy does not close files that it cannot read.
    with explained(path, what, missing, cure), Path(path).open("rb") as handle:
        yield np.load(handle, allow_pickle=False)


def require(condition: Any, expected: str) -> None:
    """Check the content of a file.

    Raises
    ------
    ValueError
        If ``condition`` is false, saying what was expected; the caller adds the name of the file.
    """
    if not condition:
        raise ValueError(f"expected {expected}")
