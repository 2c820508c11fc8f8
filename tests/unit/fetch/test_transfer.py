"""Transfers from a server that misbehaves: every fault ends in a verified file or a clear error."""

import os
import resource
import signal
import time
from functools import partial

import pytest
from downloads import FACTS, HASTE, parts, start_download
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
from cgbench.data.download.checksums import Facts
from cgbench.data.download.retries import Patience


def test_a_dropped_connection_is_resumed_and_only_the_rest_is_fetched(get, server):
    server.faults = [part_of]
    assert get().read_bytes() == CONTENT
    assert server.sent == len(CONTENT)
    assert server.requests[1] == ("/data.bin", f"bytes={HALF}-")


def test_a_later_run_goes_on_where_the_first_gave_up(get, server, tmp_path):
    server.faults = [part_of, status(500), status(500)]
    with pytest.raises(InputError, match="HTTP 500"):
        get()
    assert [path.stat().st_size for path in parts(tmp_path) if path.suffix == ".part"] == [HALF]
    assert get().read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_a_file_that_changed_in_between_is_fetched_anew(get, server):
    old = CONTENT[::-1]
    server.faults = [lambda handler, body: part_of(handler, old), honest]
    assert get().read_bytes() == CONTENT
    assert server.sent == HALF + len(CONTENT)


@pytest.mark.parametrize("answer", [ignores_range, wrong_range])
def test_a_server_that_ignores_or_mistakes_the_range_gives_the_whole_file(get, server, answer):
    server.faults = [part_of, answer]
    assert get().read_bytes() == CONTENT


def test_a_complete_partial_file_is_kept(get, server, tmp_path):
    facts = Facts(md5=FACTS.md5)
    server.faults = [part_of, status(500), status(500)]
    with pytest.raises(InputError):
        get(facts=facts)
    (part,) = [path for path in parts(tmp_path) if path.suffix == ".part"]
    part.write_bytes(CONTENT)
    assert get(facts=facts).read_bytes() == CONTENT
    assert server.sent == HALF


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(get, server, code):
    server.faults = [status(code, Retry_After=1)]
    begin = time.monotonic()
    assert get().read_bytes() == CONTENT
    assert time.monotonic() - begin >= 1


def test_a_server_that_asks_for_too_long_a_wait_is_given_up(get, server):
    server.faults = [status(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")]
    with pytest.raises(InputError, match="HTTP 503"):
        get()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault", [partial(part_of, pause=60), partial(part_of, n_bytes=0, pause=60), trickle]
)
def test_a_stalled_connection_is_left_and_resumed(get, server, fault):
    server.faults = [fault]
    begin = time.monotonic()
    assert get(patience=HASTE).read_bytes() == CONTENT
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


def test_a_length_that_is_not_kept_is_an_interruption(get, server):
    server.faults = [claims(len(CONTENT) + 5)]
    with pytest.raises(InputError, match=rf"ended after {len(CONTENT)} of {len(CONTENT) + 5} bytes"):
        get(facts=Facts(md5=FACTS.md5), patience=Patience(attempts=1))


def test_an_answer_of_unknown_length_is_refused_where_no_size_is_known(get, server):
    server.faults = [without_length]
    with pytest.raises(InputError, match="states no size"):
        get(facts=Facts())
    server.faults = [without_length]
    assert get().read_bytes() == CONTENT


def test_a_write_that_fails_is_said_and_resumed(get, server):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, hard))
    try:
        with pytest.raises(InputError, match=r"part: cannot be written \(File too large\); make room"):
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
