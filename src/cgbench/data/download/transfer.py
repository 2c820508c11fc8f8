"""One file over HTTP into a partial file, which goes on where an earlier try stopped."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

import cgbench
from cgbench.data.download.disk import require_space, writing
from cgbench.data.download.retries import Patience, TransferError, TransientError

CHUNK = 1 << 16
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def transfer(url: str, part: Path, expected_bytes: int | None, patience: Patience) -> None:
    """Complete the partial file ``part`` from ``url``.

    What is there is kept if the server confirms, by entity tag or date, that its file is still the
    same; otherwise everything is fetched anew.

    Parameters
    ----------
    expected_bytes
        Size that the whole file must have, if that is known.

    Raises
    ------
    TransferError
        If the address does not give the file; :class:`TransientError` if trying again makes sense.
    InputError
        If the partial file cannot be written.
    """
    with writing(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        offset = part.stat().st_size if part.exists() else 0
        version = _version_file(part).read_text() if _version_file(part).exists() else ""
    if offset and offset == expected_bytes:
        return
    if not version or (expected_bytes and offset > expected_bytes):
        offset = 0
    response = _ask(url, part, offset, version, patience)
    if response is None:
        return
    with response:
        begin, total = _extent(response, part, offset, version)
        if expected_bytes is not None and total not in (None, expected_bytes):
            raise TransferError(f"offers {total} bytes instead of {expected_bytes}")
        total = total or expected_bytes
        if total is None and not response.chunked:
            raise TransferError("states no size, so that a cut file could pass for a whole one")
        if begin == 0:
            with writing(part):
                discard(part)
                _version_file(part).write_text(_version(response))
        _receive(response, part, begin, total, patience)


def discard(part: Path) -> None:
    """Remove a partial file and what is known about it."""
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)


def _version_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _version(response: HTTPResponse) -> str:
    """Entity tag or date by which the server tells one version of a file from another."""
    tag: str = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _ask(url: str, part: Path, offset: int, version: str, patience: Patience) -> HTTPResponse | None:
    """Request what is missing; ``None`` if that is nothing."""
    headers = {"User-Agent": f"cgbench/{cgbench.__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=patience.silence_s)
        return response
    except HTTPError as answer:
        with answer:
            reason = f"HTTP {answer.code} {answer.reason}"
            if offset and answer.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if answer.headers.get("Content-Range") == f"bytes */{offset}":
                    return None
                discard(part)
                raise TransientError(f"{reason}: the partial file is of another version") from None
            if answer.code in PASSING or answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise TransientError(reason, _seconds(answer.headers.get("Retry-After", ""))) from None
            raise TransferError(reason) from None
    except (OSError, HTTPException) as error:
        raise TransientError(_reason(error)) from None


def _extent(response: HTTPResponse, part: Path, offset: int, version: str) -> tuple[int, int | None]:
    """Byte at which the answer begins, and size of the whole file by the server's account."""
    if response.status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        raise TransferError(f"HTTP {response.status} {response.reason}")
    given = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", given)
    if not offset or not found or int(found[1]) != offset or _version(response) not in ("", version):
        discard(part)
        raise TransientError(f"the range {given!r} does not go on at byte {offset} of the same file")
    return offset, int(found[2])


def _receive(response: HTTPResponse, part: Path, begin: int, total: int | None, patience: Patience) -> None:
    require_space(part.parent, (total or begin) - begin)
    size = begin
    with (
        writing(part),
        part.open("ab" if begin else "wb") as handle,
        tqdm(total=total, initial=begin, unit="B", unit_scale=True, desc=part.name) as bar,
    ):
        for data in _chunks(response, patience):
            size += handle.write(data)
            bar.update(len(data))
            if total is not None and size > total:
                raise TransferError(f"sends more than {total} bytes")
    if total is not None and size < total:
        raise TransientError(f"the connection ended after {size} of {total} bytes")


def _chunks(response: HTTPResponse, patience: Patience) -> Iterator[bytes]:
    since, gained = time.monotonic(), 0
    try:
        while data := response.read1(CHUNK):
            yield data
            gained += len(data)
            if (passed := time.monotonic() - since) > patience.window_s:
                if gained < patience.window_bytes:
                    raise TransientError(f"stalled: {gained} bytes in {passed:.0f} s")
                since, gained = time.monotonic(), 0
    except (OSError, HTTPException) as error:
        raise TransientError(_reason(error)) from None


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def _seconds(retry_after: str) -> float:
    """Read the header Retry-After: seconds or a date."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
