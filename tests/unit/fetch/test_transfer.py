"""Transfers from a faulty server: every fault ends in a verified file or a clear error."""

import os
import resource
import signal
import time
from functools import partial

import pytest
from downloads import INFO, SHORT_TIMEOUTS, parts, start_download
from faulty_server import (
    CONTENT,
    HALF,
    chunked_without_end,
    claims,
    honest,
    ignores_range,
    part_of,
    status,
    trickle,
    without_length,
    wrong_range,
)

from cgbench.core.errors import InputError
from cgbench.data.download.cache import FileInfo
from cgbench.data.download.transfer import RetryPolicy


def test_a_dropped_connection_is_resumed_and_only_the_rest_is_fetched(get, server):
    server.faults = [part_of]
    assert get().read_bytes() == CONTENT
    assert server.sent == len(CONTENT)
    assert server.requests[1] == ("/data.bin", f"bytes={HALF}-")


def test_a_later_run_resumes_where_the_first_stopped(get, server, tmp_path):
    server.faults = [part_of, status(500), status(500)]
    with pytest.raises(InputError, match="HTTP 500"):
        get()
    assert [path.stat().st_size for path in parts(tmp_path) if path.suffix == ".part"] == [HALF]
    assert get().read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_a_file_that_changed_in_between_is_transferred_again(get, server):
    old = CONTENT[::-1]
    server.faults = [lambda handler, body: part_of(handler, old), honest]
    assert get().read_bytes() == CONTENT
    assert server.sent == HALF + len(CONTENT)


@pytest.mark.parametrize("answer", [ignores_range, wrong_range])
def test_a_server_may_ignore_or_mistake_the_range(get, server, answer):
    server.faults = [part_of, answer]
    assert get().read_bytes() == CONTENT


def test_a_complete_partial_file_is_kept(get, server, tmp_path):
    info = FileInfo(md5=INFO.md5)
    server.faults = [part_of, status(500), status(500)]
    with pytest.raises(InputError):
        get(info=info)
    (part,) = [path for path in parts(tmp_path) if path.suffix == ".part"]
    part.write_bytes(CONTENT)
    assert get(info=info).read_bytes() == CONTENT
    assert server.sent == HALF


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_after_the_pause_it_requests(get, server, code):
    server.faults = [status(code, Retry_After=1)]
    begin = time.monotonic()
    assert get().read_bytes() == CONTENT
    assert time.monotonic() - begin >= 1


def test_a_server_that_requests_too_long_a_pause_is_not_asked_again(get, server):
    server.faults = [status(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")]
    with pytest.raises(InputError, match="HTTP 503"):
        get()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault", [partial(part_of, pause=60), partial(part_of, n_bytes=0, pause=60), trickle]
)
def test_a_stalled_connection_is_closed_and_resumed(get, server, fault):
    server.faults = [fault]
    begin = time.monotonic()
    assert get(policy=SHORT_TIMEOUTS).read_bytes() == CONTENT
    assert time.monotonic() - begin < 30
    assert server.sent <= len(CONTENT) + 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (claims(len(CONTENT) - 5), f"offers {len(CONTENT) - 5} bytes instead of {len(CONTENT)}"),
        (claims(len(CONTENT) + 5), f"offers {len(CONTENT) + 5} bytes instead of {len(CONTENT)}"),
        (chunked_without_end, f"sends more than {len(CONTENT)} bytes"),
    ],
)
def test_a_wrong_size_is_refused(get, server, fault, said):
    server.faults = [fault]
    with pytest.raises(InputError, match=said):
        get()
    assert get().read_bytes() == CONTENT


def test_a_body_shorter_than_its_stated_length_is_an_interruption(get, server):
    server.faults = [claims(len(CONTENT) + 5)]
    with pytest.raises(InputError, match=rf"ended after {len(CONTENT)} of {len(CONTENT) + 5} bytes"):
        get(info=FileInfo(md5=INFO.md5), policy=RetryPolicy(attempts=1))


def test_a_response_without_length_is_refused_if_no_size_is_published(get, server):
    server.faults = [without_length]
    with pytest.raises(InputError, match="does not state the size"):
        get(info=FileInfo())
    server.faults = [without_length]
    assert get().read_bytes() == CONTENT


def test_a_failed_write_is_reported_and_resumed(get, server):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, hard))
    try:
        with pytest.raises(InputError, match=r"data\.bin: cannot be written \(File too large\); free"):
            get()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert get().read_bytes() == CONTENT
    assert server.requests[1] == ("/data.bin", f"bytes={HALF}-")


def test_a_killed_process_is_resumed(get, server, tmp_path):
    server.faults = [partial(part_of, pause=20)]
    process = start_download(f"{server.url}data.bin", tmp_path / "cache/data.bin")
    try:
        deadline = time.monotonic() + 20
        while not any(path.stat().st_size > HALF // 2 for path in parts(tmp_path)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    (kept,) = [path.stat().st_size for path in parts(tmp_path) if path.suffix == ".part"]
    assert get().read_bytes() == CONTENT
    assert server.requests[1] == ("/data.bin", f"bytes={kept}-")
