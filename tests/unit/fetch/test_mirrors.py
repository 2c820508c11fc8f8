"""Downloads from one of several mirrors, verified and shared by all processes."""

import hashlib
import time
from types import SimpleNamespace

import pytest
from downloads import INFO, POLICY, parts, start_download
from faulty_server import CONTENT, honest, status, wrong_byte

from cgbench.core.errors import InputError
from cgbench.data.download import cache
from cgbench.data.download.cache import FileInfo


def test_a_verified_file_is_not_requested_again(get, server):
    assert get().read_bytes() == CONTENT
    get()
    assert len(server.requests) == 1
    assert not parts(get().parent)


def test_a_wrong_byte_is_refused_and_a_rerun_downloads_again(get, server, tmp_path):
    server.faults = [wrong_byte]
    with pytest.raises(InputError, match=rf"127\.0\.0\.1.*md5 \w+ instead of {INFO.md5}"):
        get()
    assert not (tmp_path / "cache/data.bin").exists()
    assert not parts(tmp_path)
    assert get().read_bytes() == CONTENT


def test_a_file_damaged_in_the_cache_is_replaced(get, server):
    get().write_bytes(CONTENT[:-1] + b"?")
    assert get().read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_the_second_mirror_is_used_if_the_first_fails(get, servers):
    servers[0].faults = [status(404)]
    assert get(*(f"{server.url}data.bin" for server in servers)).read_bytes() == CONTENT
    assert [len(server.requests) for server in servers] == [1, 1], "404 is final"


def test_the_error_names_every_host_and_its_answer(get, servers, tmp_path):
    servers[0].faults = [status(404)]
    servers[1].faults = [status(503)] * POLICY.attempts
    closed = "http://127.0.0.1:9/data.bin"
    with pytest.raises(InputError) as caught:
        get(*(f"{server.url}data.bin" for server in servers), closed)
    said = str(caught.value)
    for server, answer in zip(servers, ("HTTP 404", "HTTP 503"), strict=True):
        assert f"127.0.0.1:{server.server_port} ({server.url}data.bin): {answer}" in said
    for text in (
        f"127.0.0.1:9 ({closed}): Connection refused",
        "dataset is substituted",
        "source: bundled",
    ):
        assert text in said
    assert not (tmp_path / "cache/data.bin").exists()


def test_later_downloads_are_compared_with_the_first_if_no_checksum_is_published(get, server, tmp_path):
    with pytest.warns(UserWarning, match=hashlib.sha256(CONTENT).hexdigest()):
        target = get(info=FileInfo())
    assert target.with_name("data.bin.sha256").read_text().split()[0] == hashlib.sha256(CONTENT).hexdigest()
    target.unlink()
    server.faults = [wrong_byte]
    with pytest.raises(InputError, match=r"sha256 \w+ instead of .*\.sha256 is the checksum of the first"):
        get(info=FileInfo())
    assert get(info=FileInfo()).read_bytes() == CONTENT


def test_a_full_disk_is_reported_before_the_download(get, tmp_path, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5))
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
