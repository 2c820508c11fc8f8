"""Reading what may be damaged or made to do harm: parsers that execute nothing, and one kind of error."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cgbench.core.errors import InputError

_MOST_REPEATED = 100  # times its own length that a file with aliases may come to


def read_yaml(path: Path | str) -> Any:
    """Read YAML; no object but texts, numbers, dates, lists and mappings comes of it.

    Raises
    ------
    InputError
        If the file is missing or is not YAML, or aliases make far more of it than was written.
    """
    try:
        text = Path(path).read_text()
        content = yaml.safe_load(text)
        require(
            _at_most(content, _MOST_REPEATED * (len(text) + 1)), "no aliases that repeat others without end"
        )
        return content
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except Exception as error:
        # Beside its own errors the parser lets through what makers of numbers and dates raise.
        raise InputError(f"{path}: not valid YAML: {str(error) or type(error).__name__}") from None


def _at_most(content: Any, limit: int) -> bool:
    """Whether there are at most ``limit`` values, counting what aliases repeat as often as they do."""
    waiting, count = [content], 0
    while waiting and count <= limit:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return count <= limit


@contextmanager
def opened_arrays(path: Path | str, what: str, missing: str, cure: str) -> Iterator[Any]:
    """Open the arrays of an ``.npy`` or ``.npz`` file; they are read where they are asked for.

    Parameters
    ----------
    what, missing, cure
        Words of the message: what the file should be, what to do if it is not there, and if it is
        damaged.

    Raises
    ------
    InputError
        If the file is missing, or the reading inside of the block fails for whatever reason.
    """
    try:
        # Checked here, because numpy leaves files open that it cannot make sense of.
        with Path(path).open("rb") as handle:
            yield np.load(handle, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {missing}") from None
    except Exception as error:
        # Archive, compression, header and content have errors of their own, from zlib to tokenize.
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: not {what} ({reason}); {cure}") from None


def require(fits: Any, expected: str) -> None:
    """Refuse content that is not as expected.

    Raises
    ------
    ValueError
        Saying what was expected; the reader that calls this names the file.
    """
    if not fits:
        raise ValueError(f"expected {expected}")
