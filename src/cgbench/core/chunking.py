"""Chunks of arrays that fit into the processor cache or the GPU memory."""

from collections.abc import Iterator

from torch import Tensor

# Geometries per chunk. Compared with 4,096, CGVAE samples 38 % faster on a CPU for alanine dipeptide with 12
# beads, and 7 % faster for chignolin. On a GPU one geometry of chignolin takes 6 MiB at the published widths.
GEOMETRIES = {"cpu": 512, "cuda": 1024}


def row_chunks(*arrays: Tensor, per_row: int = 1) -> Iterator[tuple[Tensor, ...]]:
    """Split arrays with the same number of rows into chunks of rows.

    Parameters
    ----------
    arrays
        Tensors to split along their first axis.
    per_row
        Geometries per row.
    """
    size = GEOMETRIES[arrays[0].device.type] // per_row
    return zip(*(array.split(max(1, size)) for array in arrays), strict=True)
