"""Download of one verified file from the first mirror that provides it."""

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
from cgbench.data.download.cache import CURE, FileInfo
from cgbench.data.download.transfer import RetryPolicy, TransferError, TransientError, discard, transfer


def download(urls: Sequence[str], target: Path, info: FileInfo, policy: RetryPolicy) -> None:
    """Download ``target``, unless a file that agrees with ``info`` is there already.

    Processes that download the same file wait for each other. If no checksum is published, the SHA-256
    of the first download is recorded beside the file, in the format of ``sha256sum``, and later
    downloads are compared with it.

    Parameters
    ----------
    urls
        Addresses of the same file, tried in order.

    Raises
    ------
    InputError
        If no address provides the file, with the answer of each, or if the file cannot be written.
    """
    record = target.with_name(f"{target.name}.sha256")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not info.has_checksum and record.exists():
                info = info.model_copy(update={"sha256": record.read_text(encoding="utf-8").split()[0]})
            if target.exists() and info.has_checksum and not info.mismatch(target):
                return
            part = _from_first_mirror(urls, target, info, policy, record)
            if not info.has_checksum:
                digest = sha256(part)
                record.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
                warnings.warn(
                    f"{target.name}: no checksum is published; later downloads are compared with the SHA-256 "
                    f"of this one, {digest} ({record}). Add it to the config to check it on other machines",
                    stacklevel=2,
                )
            part.replace(target)
            for url in urls:
                discard(_part(target, url))
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}); {CURE}") from None


def _part(target: Path, url: str) -> Path:
    """Partial file of one mirror; it is never completed from another one."""
    return target.with_name(f"{target.name}.{fingerprint(url)[:8]}.part")


def _from_first_mirror(
    urls: Sequence[str], target: Path, info: FileInfo, policy: RetryPolicy, record: Path
) -> Path:
    """Download the file from the first mirror whose file agrees with ``info``; return its partial file."""
    answers = []
    for url in urls:
        part = _part(target, url)
        try:
            _retrying(policy)(transfer, url, part, info.bytes, policy)
            answer = info.mismatch(part)
            if answer is None:
                return part
            discard(part)
        except TransferError as error:
            answer = str(error)
        answers.append(f"{urlsplit(url).netloc} ({url}): {answer}")
    recorded = f"; {record} is the checksum of the first download" if record.exists() else ""
    raise InputError(
        f"{target.name}: cannot be downloaded. {'; '.join(answers)}{recorded}. Run the command again later "
        "to resume the download, or add another address to the dataset's key `urls`. The run stops; no other "
        "dataset is substituted. Datasets with `source: bundled` need no network"
    )


def _retrying(policy: RetryPolicy) -> Retrying:
    first, longest = policy.first_wait_s, policy.longest_wait_s
    backoff = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)

    def requested_wait(error: BaseException | None) -> float:
        return error.retry_after_s if isinstance(error, TransientError) else 0.0

    def wait(state: RetryCallState) -> float:
        return max(backoff(state), requested_wait(state.outcome.exception() if state.outcome else None))

    return Retrying(
        stop=stop_after_attempt(policy.attempts),
        wait=wait,
        retry=retry_if_exception(
            lambda error: isinstance(error, TransientError) and requested_wait(error) <= longest
        ),
        reraise=True,
    )
