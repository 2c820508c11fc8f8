"""One verified file from the first address that gives it."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from cgbench.core.atomic_io import sha256
from cgbench.core.errors import InputError
from cgbench.core.settings import fingerprint
from cgbench.data.download.checksums import Facts
from cgbench.data.download.disk import writing
from cgbench.data.download.retries import Patience, TransferError, TransientError
from cgbench.data.download.transfer import discard, transfer


def download(urls: Sequence[str], target: Path, facts: Facts, patience: Patience) -> None:
    """Make ``target`` a file that agrees with ``facts``, unless it is one already.

    Processes that want the same file wait for each other. Where no checksum is published, the
    SHA-256 of the first download is recorded beside the file (as ``sha256sum`` writes it) and holds
    from then on.

    Parameters
    ----------
    urls
        Addresses of the same file, tried in order.

    Raises
    ------
    InputError
        If no address gives the file, saying what each answered, or it cannot be stored.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{target}.lock")
        lock.acquire()
    try:
        known = facts if facts.identify else _recorded(target, facts)
        if target.exists() and known.identify and not known.complaint(target):
            return
        part = _first_good(urls, target, known, patience)
        with writing(target):
            if not known.identify:
                _record(part, target)
            part.replace(target)
            for url in urls:
                discard(_part(target, url))
    finally:
        lock.release()


def record_file(target: Path) -> Path:
    """Where the checksum of a file is recorded for which none is published."""
    return target.with_name(f"{target.name}.sha256")


def _recorded(target: Path, facts: Facts) -> Facts:
    path = record_file(target)
    return facts.model_copy(update={"sha256": path.read_text().split()[0]}) if path.exists() else facts


def _record(part: Path, target: Path) -> None:
    digest = sha256(part)
    record_file(target).write_text(f"{digest}  {target.name}\n")
    warnings.warn(
        f"{target.name}: no checksum is published; the SHA-256 of this first download, {digest}, is held "
        f"from now on ({record_file(target)}); give it in the config to hold other machines to it",
        stacklevel=3,
    )


def _part(target: Path, url: str) -> Path:
    """Partial file of one address: what another has sent is not for it to complete."""
    return target.with_name(f"{target.name}.{fingerprint(url)[:8]}.part")


def _first_good(urls: Sequence[str], target: Path, known: Facts, patience: Patience) -> Path:
    answers = []
    for url in urls:
        part = _part(target, url)
        try:
            _with_retries(url, part, known, patience)
        except TransferError as error:
            answers.append(f"{urlsplit(url).netloc} ({url}): {error}")
            continue
        complaint = known.complaint(part)
        if complaint is None:
            return part
        discard(part)
        answers.append(f"{urlsplit(url).netloc} ({url}): {complaint}")
    held = f"; {record_file(target)} holds what was first downloaded" if record_file(target).exists() else ""
    raise InputError(
        f"{target.name}: not to be had. {'; '.join(answers)}{held}. Run again later, which goes on where "
        "this stopped, or name another address in the dataset's key `urls`. No other data were put in its "
        "place; the datasets with `source: bundled` need no network"
    )


def _with_retries(url: str, part: Path, known: Facts, patience: Patience) -> None:
    first, longest = patience.first_wait_s, patience.longest_wait_s
    backoff = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)

    def wait(state: RetryCallState) -> float:
        return max(backoff(state), _asked_wait(state.outcome.exception() if state.outcome else None))

    retrying = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait,
        retry=retry_if_exception(
            lambda error: isinstance(error, TransientError) and _asked_wait(error) <= longest
        ),
        reraise=True,
    )
    retrying(transfer, url, part, known.bytes, patience)


def _asked_wait(error: BaseException | None) -> float:
    return error.retry_after_s if isinstance(error, TransientError) else 0.0
