"""Joining of large arrays without holding them twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate arrays of one type along their first axis, and empty the list meanwhile.

    Memory is that of the result and one part, if nothing else refers to the parts.
    """
    if len(parts) == 1:
        return parts.pop()
    rows = sum(map(len, parts))
    result = np.empty((rows, *parts[0].shape[1:]), parts[0].dtype)
    while parts:
        part = parts.pop()
        result[rows - len(part) : rows] = part
        rows -= len(part)
    return result
