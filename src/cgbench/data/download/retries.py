"""How long an address is tried, and what its failures mean."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """When an address is given up.

    Attributes
    ----------
    silence_s
        Longest wait for a connection, and for the next byte, s.
    window_s, window_bytes
        A connection that brings fewer bytes than this in so long is taken for stalled, s and bytes.
    attempts
        Tries at one address.
    first_wait_s, longest_wait_s
        Pause after the first failed try, which doubles from try to try, and its bound, s. A server
        that asks for a longer pause is given up.
    """

    silence_s: float = 30.0
    window_s: float = 60.0
    window_bytes: int = 60_000
    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0


class TransferError(Exception):
    """An address does not give the file; another may."""


class TransientError(TransferError):
    """An address did not give the whole file, but may do so later.

    Attributes
    ----------
    retry_after_s
        How long the server asks to wait, s; 0 where it does not say.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
