"""Transfer of one file over HTTP into a partial file, resumed where an earlier transfer stopped."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

import cgbench
from cgbench.data.download.cache import require_space

CHUNK = 1 << 16
RETRIED = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts of a connection, and number of attempts at one URL.

    Attributes
    ----------
    timeout_s
        Longest wait for a connection and for the next byte, s.
    stall_window_s, stall_bytes
        A connection that delivers fewer than ``stall_bytes`` within ``stall_window_s`` is closed.
    attempts
        Number of attempts at one URL.
    first_wait_s, longest_wait_s
        Pause after the first failed attempt, which doubles with every attempt, and its upper bound, s.
        If a server asks for a longer pause, there is no further attempt.
    """

    timeout_s: float = 30.0
    stall_window_s: float = 60.0
    stall_bytes: int = 60_000
    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0


class TransferError(Exception):
    """A URL does not give the file; another one may."""


class TransientError(TransferError):
    """A URL did not give the whole file, but may do so later.

    Attributes
    ----------
    retry_after_s
        Pause that the server asks for, s; 0 if it asks for none.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


def transfer(url: str, part: Path, expected_bytes: int | None, policy: RetryPolicy) -> None:
    """Complete the partial file ``part`` from ``url``.

    Its content is kept if the server confirms, by entity tag or date, that the file has not changed;
    otherwise the whole file is transferred again.

    Parameters
    ----------
    expected_bytes
        Size of the complete file, if known.

    Raises
    ------
    TransferError
        If the URL does not give the file; :class:`TransientError` if a later attempt may succeed.
    OSError
        If the partial file cannot be written.
    """
    offset = part.stat().st_size if part.exists() else 0
    version = _version_file(part).read_text(encoding="utf-8") if _version_file(part).exists() else ""
    if offset and offset == expected_bytes:
        return
    if not version or (expected_bytes and offset > expected_bytes):
        offset = 0
    response = _request(url, part, offset, version, policy)
    if response is None:
        return
    with response:
        begin, total = _range(response, part, offset, version)
        if expected_bytes is not None and total not in (None, expected_bytes):
            raise TransferError(f"offers {total} bytes instead of {expected_bytes}")
        total = total or expected_bytes
        if total is None and not response.chunked:
            raise TransferError("does not state the size, so that a truncated file could not be detected")
        if begin == 0:
            discard(part)
            _version_file(part).write_text(_version(response), encoding="utf-8")
        require_space(part.parent, (total or begin) - begin)
        _receive(response, part, begin, total, policy)


def discard(part: Path) -> None:
    """Remove a partial file and the record of its version."""
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)


def _version_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _version(response: HTTPResponse) -> str:
    """Strong entity tag or date of the file on the server."""
    tag: str = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _request(url: str, part: Path, offset: int, version: str, policy: RetryPolicy) -> HTTPResponse | None:
    """Request the bytes from ``offset`` on; None if there are none."""
    headers = {"User-Agent": f"cgbench/{cgbench.__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=policy.timeout_s)
        return response
    except HTTPError as answer:
        with answer:
            reason = f"HTTP {answer.code} {answer.reason}"
            if offset and answer.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if answer.headers.get("Content-Range") == f"bytes */{offset}":
                    return None
                discard(part)
                raise TransientError(f"{reason}: the file on the server has changed") from None
            if answer.code in RETRIED or answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise TransientError(reason, _seconds(answer.headers.get("Retry-After", ""))) from None
            raise TransferError(reason) from None
    except (OSError, HTTPException) as error:
        raise TransientError(_reason(error)) from None


def _range(response: HTTPResponse, part: Path, offset: int, version: str) -> tuple[int, int | None]:
    """First byte of a response, and size of the complete file according to the server."""
    if response.status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        raise TransferError(f"HTTP {response.status} {response.reason}")
    given = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", given)
    if not offset or not found or int(found[1]) != offset or _version(response) not in ("", version):
        discard(part)
        raise TransientError(f"the range {given!r} does not continue the same file at byte {offset}")
    return offset, int(found[2])


def _receive(response: HTTPResponse, part: Path, begin: int, total: int | None, policy: RetryPolicy) -> None:
    """Append the body of a response to the partial file, and check its size."""
    size = begin
    with (
        part.open("ab" if begin else "wb") as handle,
        tqdm(total=total, initial=begin, unit="B", unit_scale=True, desc=part.name) as bar,
    ):
        for data in _chunks(response, policy):
            size += handle.write(data)
            bar.update(len(data))
            if total is not None and size > total:
                raise TransferError(f"sends more than {total} bytes")
    if total is not None and size < total:
        raise TransientError(f"the connection ended after {size} of {total} bytes")


def _chunks(response: HTTPResponse, policy: RetryPolicy) -> Iterator[bytes]:
    start, received = time.monotonic(), 0
    try:
        while data := response.read1(CHUNK):
            yield data
            received += len(data)
            if (elapsed := time.monotonic() - start) > policy.stall_window_s:
                if received < policy.stall_bytes:
                    raise TransientError(f"stalled: {received} bytes in {elapsed:.0f} s")
                start, received = time.monotonic(), 0
    except (OSError, HTTPException) as error:
        raise TransientError(_reason(error)) from None


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def _seconds(retry_after: str) -> float:
    """Read the header Retry-After, which holds seconds or a date."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
