"""Files from one of several mirrors, checked against what is published of them, once for all processes."""

import hashlib
import time
from types import SimpleNamespace

import pytest
from downloads import CALM, FACTS, parts, start_download
from faulty_server import CONTENT, honest, status, wrong_byte

from cgbench.core.errors import InputError
from cgbench.data.download import disk
from cgbench.data.download.checksums import Facts


def test_a_verified_file_is_not_asked_for_again(get, server):
    assert get().read_bytes() == CONTENT
    get()
    assert len(server.requests) == 1
    assert not parts(get().parent)


def test_a_wrong_byte_is_refused_and_a_rerun_downloads_again(get, server, tmp_path):
    server.faults = [wrong_byte]
    with pytest.raises(InputError, match=rf"127\.0\.0\.1.*md5 \w+ instead of {FACTS.md5}"):
        get()
    assert not (tmp_path / "cache/data.bin").exists()
    assert not parts(tmp_path)
    assert get().read_bytes() == CONTENT


def test_a_file_damaged_in_the_cache_is_replaced(get, server):
    get().write_bytes(CONTENT[:-1] + b"?")
    assert get().read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_the_second_mirror_serves_where_the_first_does_not(get, servers):
    servers[0].faults = [status(404)]
    assert get(*(f"{server.url}data.bin" for server in servers)).read_bytes() == CONTENT
    assert [len(server.requests) for server in servers] == [1, 1], "404 is final"


def test_every_host_and_its_answer_is_named_when_none_serves(get, servers, tmp_path):
    servers[0].faults = [status(404)]
    servers[1].faults = [status(503)] * CALM.attempts
    closed = "http://127.0.0.1:9/data.bin"
    with pytest.raises(InputError) as caught:
        get(*(f"{server.url}data.bin" for server in servers), closed)
    said = str(caught.value)
    for server, answer in zip(servers, ("HTTP 404", "HTTP 503"), strict=True):
        assert f"127.0.0.1:{server.server_port} ({server.url}data.bin): {answer}" in said
    for text in (f"127.0.0.1:9 ({closed}): Connection refused", "No other data", "source: bundled"):
        assert text in said
    assert not (tmp_path / "cache/data.bin").exists()


def test_the_first_download_without_published_checksum_holds(get, server, tmp_path):
    with pytest.warns(UserWarning, match=hashlib.sha256(CONTENT).hexdigest()):
        target = get(facts=Facts())
    assert target.with_name("data.bin.sha256").read_text().split()[0] == hashlib.sha256(CONTENT).hexdigest()
    target.unlink()
    server.faults = [wrong_byte]
    with pytest.raises(InputError, match=r"sha256 \w+ instead of .*data\.bin\.sha256 holds what was first"):
        get(facts=Facts())
    assert get(facts=Facts()).read_bytes() == CONTENT


def test_a_full_disk_is_said_before_the_download(get, tmp_path, monkeypatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5))
    with pytest.raises(InputError, match=rf"{len(CONTENT)} bytes are needed and 5 are free.*CGBENCH_CACHE"):
        get()


@pytest.mark.slow
def test_two_processes_make_one_download(server, tmp_path):
    server.faults = [lambda handler, body: (time.sleep(1), honest(handler, body))]
    target = tmp_path / "cache/data.bin"
    both = [start_download(f"{server.url}data.bin", target) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 1
