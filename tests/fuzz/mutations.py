"""What damage and malice do to files: bits flipped, pieces lost, repeated or put in, values out of place."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same inputs every time, and no clock: how long an input may take is counted in processor time.
PROFILE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CPU_SECONDS = 5.0
EVERYWHERE, HEADER = 1 << 16, 160

WORDS = (b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00")
TOKENS = (
    *(b"{ } [ ] : , | > ? # % ~ - ' \" \\ <<: *a &a ' 0x null true .nan -1 0 1e999 2001-99-99".split()),
    *(f"!!{tag} ".encode() for tag in ["int", "timestamp", "float", "bool", "binary", "set", "omap"]),
    *(b"\n", b"\t", b"\x00", b"\xff", b"- ", b"[" * 99, b"9" * 30, b"9" * 5000, b"[1]", b"{}", b'""'),
    b"!!python/object/apply:os.system [exit]",
    b"$(exit)",
    b"../",
)

_place = st.one_of(
    st.tuples(st.just(EVERYWHERE), st.integers(0, EVERYWHERE - 1)),
    st.tuples(st.just(HEADER), st.integers(0, HEADER - 1)),
)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), _place, st.integers(0, 7)),
        st.tuples(st.just("replace"), _place, st.binary(min_size=1, max_size=4) | st.sampled_from(WORDS)),
        st.tuples(st.just("insert"), _place, st.sampled_from(TOKENS)),
        st.tuples(st.just("delete"), _place, st.integers(1, 40)),
        st.tuples(st.just("repeat"), _place, st.integers(1, 60)),
        st.tuples(st.just("cut"), _place, st.none()),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, changes: list[tuple[str, tuple[int, int], Any]]) -> bytes:
    """Apply drawn edits; places are shares of the file, or bytes of its header."""
    data = bytearray(content)
    for kind, (scale, position), value in changes:
        if not data:
            break
        at = position * len(data) // scale if scale == EVERYWHERE else position % len(data)
        if kind == "flip":
            data[at] ^= 1 << value
        elif kind == "replace":
            data[at : at + len(value)] = value
        elif kind == "insert":
            data[at:at] = value
        elif kind == "delete":
            del data[at : at + value]
        elif kind == "repeat":
            data[at:at] = data[at : at + value]
        else:
            del data[at:]
    return bytes(data)


# Changes of one array of several, which survive the checksums of archives.
CHANGES: dict[str, Callable[[Any], Any]] = {
    "shorter": lambda array: array[1:],
    "flat": lambda array: array.reshape(-1),
    "deeper": lambda array: array[..., None],
    "empty": lambda array: array[:0],
    "scalar": lambda array: array.reshape(-1)[0],
    "texts": lambda array: array.astype("U8"),
    "bytes": lambda array: array.astype("S8"),
    "floats": lambda array: np.full(array.shape, 0.5),
    "nan": lambda array: np.full(array.shape, np.nan),
    "negative": lambda array: np.full(array.shape, -1),
    "huge": lambda array: np.full(array.shape, 2**62),
    "complex": lambda array: np.full(array.shape, 1j),
}


class Hang(BaseException):
    """An input has taken more processor time than any honest one does."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise :class:`Hang` inside of the block when its time is used up."""

    def give_up(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
