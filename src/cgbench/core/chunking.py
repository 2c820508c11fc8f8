"""Parts of arrays that stay in the caches of a processor, or fit into a GPU, while they are worked on."""

from collections.abc import Iterator

from torch import Tensor

# On a CPU, CGVAE samples 38 % faster than with 4,096 at once where a dipeptide has 12 beads, and chignolin
# 7 %. On a GPU, one of chignolin takes 6 MiB at the published widths.
GEOMETRIES = {"cpu": 512, "cuda": 1024}


def row_chunks(*arrays: Tensor, per_row: int = 1) -> Iterator[tuple[Tensor, ...]]:
    """Split arrays alike along their first axis.

    Parameters
    ----------
    arrays
        With the same number of rows.
    per_row
        Geometries that come of a row.
    """
    size = GEOMETRIES[arrays[0].device.type] // per_row
    return zip(*(array.split(max(1, size)) for array in arrays), strict=True)
