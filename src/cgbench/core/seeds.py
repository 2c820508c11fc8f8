"""Seeds of all random numbers, derived from the seed in the configuration."""

import hashlib


def derive(seed: int, *labels: str | int) -> int:
    """Derive a seed in [0, 2**31) that is the same in every process and on every machine.

    Hashing gives unrelated seeds; ``seed + fold`` would use the same random numbers for the training of
    one fold and the sampling of another.

    Parameters
    ----------
    labels
        Purpose of the seed, such as ``"train", fold``. Methods are not part of it: all methods of a fold
        start from the same seed.
    """
    text = "\x1f".join(map(str, (seed, *labels)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1
