"""Parts of arrays that stay in the caches of a processor while they are worked on."""

from collections.abc import Iterator

from torch import Tensor

# Of a dipeptide in 12 beads a third faster than 4,096 at once, of chignolin a fifteenth; less hardly matters.
GEOMETRIES = 512


def in_parts(*arrays: Tensor, per_row: int = 1) -> Iterator[tuple[Tensor, ...]]:
    """Split arrays alike along their first axis; on a GPU, which wants much at once, not at all.

    Parameters
    ----------
    arrays
        With the same number of rows.
    per_row
        Geometries that come of a row.
    """
    whole = len(arrays[0]) if arrays[0].is_cuda else GEOMETRIES // per_row
    return zip(*(array.split(max(1, whole)) for array in arrays), strict=True)
