"""Seeds: one number per purpose, from the one in the configuration."""

import hashlib


def derive(seed: int, *labels: str | int) -> int:
    """Derive a seed in [0, 2**31) that is the same in every process and on every machine.

    Hashing keeps seeds of different purposes unrelated, where ``seed + fold`` would let the
    training of one fold share its random numbers with the sampling of another.

    Parameters
    ----------
    labels
        What the seed is for, such as ``"train", fold``. Methods are never among them: within a
        fold all methods start from the same seed.
    """
    text = "\x1f".join(map(str, (seed, *labels)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1
