"""Downloads against a local server that misbehaves: every fault ends in a verified file or a clear error."""

import hashlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from cgbench.cli import app
from cgbench.config import Config, PlugIn
from cgbench.errors import InputError
from cgbench.fetch import disk
from cgbench.fetch.archives import unpack
from cgbench.fetch.dataset import fetch
from cgbench.fetch.facts import Facts
from cgbench.fetch.mirrors import download
from cgbench.fetch.patience import Patience

ROOT = Path(__file__).parents[2]
CONTENT = bytes(range(256)) * 4000
HALF = len(CONTENT) // 2
FACTS = Facts(bytes=len(CONTENT), md5=hashlib.md5(CONTENT).hexdigest())
CALM = Patience(
    silence_s=30, window_s=30, window_bytes=1000, attempts=3, first_wait_s=0.01, longest_wait_s=1.5
)
# For servers that stall. A busy machine may stall as long, so nothing else is timed by it.
HASTE = replace(CALM, silence_s=1.0, window_s=0.8)


class Server(ThreadingHTTPServer):
    """Serves ``files`` with ranges; ``faults`` answer the first requests instead, one each."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.files = {"/data.bin": CONTENT}
        self.faults = []
        self.requests = []
        self.sent = 0
        self.closing = threading.Event()

    def handle_error(self, request, client_address):
        """Stay quiet when a client hangs up."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        fault = self.server.faults.pop(0) if self.server.faults else honest
        fault(self, self.server.files.get(self.path))

    def begin(self, code, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, data):
        # Counted first: once the last byte is out, the test goes on before this thread does.
        self.server.sent += len(data)
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


def etag(body):
    return f'"{hashlib.sha256(body).hexdigest()[:8]}"'


def honest(handler, body):
    if body is None:
        return handler.begin(404)
    asked, known = handler.headers.get("Range"), handler.headers.get("If-Range")
    offset = int(asked.removeprefix("bytes=").rstrip("-")) if asked and known == etag(body) else 0
    if offset >= len(body):
        return handler.begin(416, Content_Range=f"bytes */{len(body)}")
    extra = {"Content_Range": f"bytes {offset}-{len(body) - 1}/{len(body)}"} if offset else {}
    handler.begin(206 if offset else 200, Content_Length=len(body) - offset, ETag=etag(body), **extra)
    handler.send(body[offset:])


def status(code, **headers):
    return lambda handler, body: handler.begin(code, **headers)


def part_of(handler, body, n_bytes=HALF, pause=None):
    """Send the beginning of the whole file, then hang up, or wait."""
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    handler.send(body[:n_bytes])
    if pause:
        handler.server.closing.wait(pause)


def trickle(handler, body):
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    for k in range(20):
        handler.send(body[k : k + 1])
        handler.server.closing.wait(0.1)


def ignores_range(handler, body):
    handler.begin(200, Content_Length=len(body), ETag=etag(body))
    handler.send(body)


def wrong_byte(handler, body):
    ignores_range(handler, body[:-1] + b"?")


def wrong_range(handler, body):
    handler.begin(206, Content_Range=f"bytes 7-{len(body) - 1}/{len(body)}", Content_Length=len(body) - 7)
    handler.send(body[7:])


def claims(n_bytes):
    def answer(handler, body):
        handler.begin(200, Content_Length=n_bytes, ETag=etag(body))
        handler.send(body)

    return answer


def without_length(handler, body):
    handler.begin(200)
    handler.send(body)


def chunked_without_end(handler, body):
    handler.protocol_version = "HTTP/1.1"
    handler.begin(200, Transfer_Encoding="chunked")
    for _ in range(3):
        handler.send(f"{len(body):x}\r\n".encode() + body + b"\r\n")


@pytest.fixture
def servers():
    running = [Server(), Server()]
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in running]
    for thread in threads:
        thread.start()
    yield running
    for server, thread in zip(running, threads, strict=True):
        server.closing.set()
        server.shutdown()
        thread.join(5)
        server.server_close()


@pytest.fixture
def server(servers):
    return servers[0]


@pytest.fixture
def get(server, tmp_path):
    """Download data.bin from the first server, or from those given, and return its path."""

    def download_one(*urls, facts=FACTS, patience=CALM):
        target = tmp_path / "cache" / "data.bin"
        download(urls or [f"{server.url}data.bin"], target, facts, patience)
        return target

    return download_one


def parts(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name]


def test_a_verified_file_is_not_asked_for_again(get, server):
    assert get().read_bytes() == CONTENT
    get()
    assert len(server.requests) == 1
    assert not parts(get().parent)


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


def _process(url, target):
    code = (
        "import sys; from pathlib import Path; from cgbench.fetch.mirrors import download\n"
        "from cgbench.fetch.facts import Facts; from cgbench.fetch.patience import Patience\n"
        f"download([{url!r}], Path({str(target)!r}), Facts(md5={FACTS.md5!r}), Patience())"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def test_a_killed_process_is_resumed(get, server, tmp_path):
    server.faults = [partial(part_of, pause=20)]
    process = _process(f"{server.url}data.bin", tmp_path / "cache/data.bin")
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


def test_two_processes_make_one_download(server, tmp_path):
    server.faults = [lambda handler, body: (time.sleep(1), honest(handler, body))]
    target = tmp_path / "cache/data.bin"
    both = [_process(f"{server.url}data.bin", target) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 1


def _archive(path, *members):
    """Tar of pairs of name and content, where a dictionary stands for the fields of a special member."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def test_members_are_chosen_by_pattern_and_damage_is_mended(tmp_path):
    names = ("top/a.pdb", "top/x/1.xtc", "top/x/y/2.xtc", "b")
    archive = _archive(tmp_path / "a.tar.gz", *((name, name.encode()) for name in names))
    paths = unpack(archive, ["top/a.pdb", "top/*/*.xtc"])
    assert sorted(paths) == ["top/a.pdb", "top/x/1.xtc"]
    paths["top/a.pdb"].write_text("damaged")
    assert unpack(archive, ["top/a.pdb", "top/*/*.xtc"])["top/a.pdb"].read_text() == "top/a.pdb"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("../escape.xtc", b"x", "outside the destination"),
        ("/tmp/absolute.xtc", b"x", "absolute"),
        ("link.xtc", {"type": tarfile.SYMTYPE, "linkname": "../../secret"}, "outside the destination"),
        ("link.xtc", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "absolute"),
        ("hard.xtc", {"type": tarfile.LNKTYPE, "linkname": "../../secret"}, "outside the destination"),
        ("device.xtc", {"type": tarfile.CHRTYPE}, "special file"),
        ("inside.xtc", {"type": tarfile.SYMTYPE, "linkname": "good.xtc"}, "is a link"),
    ],
)
def test_an_evil_archive_is_refused_whole(tmp_path, name, content, said):
    archive = _archive(tmp_path / "cache.tar.gz", ("good.xtc", b"good"), (name, content))
    with pytest.raises(InputError, match=said):
        unpack(archive, ["*.xtc"])
    assert not (tmp_path.parent / "escape.xtc").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache.tar.gz", "cache.tar.gz.lock"]


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no archive"])
def test_a_damaged_archive_is_named(tmp_path, damage):
    archive = _archive(tmp_path / "a.tar.gz", ("a.xtc", os.urandom(50_000)))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(InputError, match=r"a\.tar\.gz: not a readable tar archive"):
        unpack(archive, ["*.xtc"])


def test_a_pattern_that_fits_nothing_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no member fits '\*\.dcd'"):
        unpack(_archive(tmp_path / "a.tar", ("a.xtc", b"a")), ["*.xtc", "*.dcd"])


def source(**settings):
    return PlugIn.parse("datasets", "mine", "download", settings, "config: datasets.mine")


@pytest.fixture
def published(server, alanine_directory, tmp_path):
    """Settings of two trajectories and a topology, loose on the server."""
    names = ["topology.pdb", "walker-0.xtc", "walker-1.xtc"]
    server.files |= {f"/{name}": (alanine_directory / name).read_bytes() for name in names}
    return {
        "urls": [server.url],
        "files": {name: {"sha256": hashlib.sha256(server.files[f"/{name}"]).hexdigest()} for name in names},
        "topology": "topology.pdb",
        "trajectories": ["walker-*.xtc"],
        "stride": 1000,
        "cache": str(tmp_path / "shared cache"),
    }


def test_the_verb_fetches_what_the_source_reads(published, server):
    plug_in = source(**published)
    done = CliRunner().invoke(app, ["fetch", "--source", plug_in.to_json()])
    assert done.exit_code == 0, done.output
    reader = plug_in.create()
    assert reader.input_files() == [done.stdout.strip()]
    frames, card = reader.read()
    assert frames.positions.shape == (20, 22, 3)
    assert card["trajectories"] == [{"file": "walker-0.xtc"}, {"file": "walker-1.xtc"}]
    assert card["downloads"] == published["files"]
    assert {path for path, _ in server.requests} == {f"/{name}" for name in published["files"]}


def test_an_archive_gives_the_same_frames(published, server, tmp_path):
    loose = source(**published)
    fetch(loose.settings, CALM)
    names = list(published["files"])
    packed = _archive(tmp_path / "all.tar.gz", *((f"in/{name}", server.files[f"/{name}"]) for name in names))
    server.files["/all.tar.gz"] = packed.read_bytes()
    archive = source(
        **published
        | {
            "files": {"all.tar.gz": {}},
            "members": ["in/topology.pdb", "in/walker-*.xtc"],
            "topology": "in/topology.pdb",
            "trajectories": ["in/walker-*.xtc"],
        }
    )
    with pytest.warns(UserWarning, match="no checksum is published"):
        fetch(archive.settings, CALM)
    ours, theirs = (plug_in.create().read()[0] for plug_in in (archive, loose))
    np.testing.assert_array_equal(ours.positions, theirs.positions)


def test_what_changed_after_the_download_is_not_read(published, tmp_path):
    plug_in = source(**published)
    with pytest.raises(InputError, match="not fetched yet; run `cgbench fetch`"):
        plug_in.create().read()
    folder = fetch(plug_in.settings, CALM).parent
    (folder / "walker-0.xtc").write_bytes(b"other")
    with pytest.raises(InputError, match=r"walker-0\.xtc: missing or changed since it was fetched"):
        plug_in.create().read()
    fetch(plug_in.settings, CALM)
    plug_in.create().read()


def test_the_cache_is_chosen_by_setting_environment_and_home(published, tmp_path, monkeypatch):
    monkeypatch.setenv("CGBENCH_CACHE", str(tmp_path / "environment"))
    assert source(**published).settings.folder.is_relative_to(published["cache"])
    published["cache"] = None
    assert source(**published).settings.folder.is_relative_to(tmp_path / "environment")
    monkeypatch.delenv("CGBENCH_CACHE")
    assert source(**published).settings.folder.is_relative_to(Path.home() / ".cache/cgbench")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"urls": ["ftp://host/"]}, "urls"),
        ({"urls": ["http://host/no-slash"]}, "urls"),
        ({"urls": []}, "urls"),
        ({"files": {"../up.pdb": {}}}, "files"),
        ({"files": {"topology.pdb": {"md5": "abc"}}}, "md5"),
        ({"topology": "other.pdb"}, "'other.pdb' is not among `files`"),
    ],
)
def test_wrong_settings_are_refused(published, change, said):
    with pytest.raises(InputError, match=said):
        source(**published | change)


def test_shipped_entries_agree_with_the_catalogue(shared_data):
    catalogue = yaml.safe_load((shared_data / "mdshare/mdshare-catalogue.yaml").read_text())["index"]
    names = [ROOT / "config" / name for name in ("config.yaml", "simulations.yaml", "paper.yaml")]
    datasets = Config.load(*names).datasets
    for name, count in (("alanine_dipeptide_explicit", 4), ("pentapeptide", 26)):
        files = json.loads(datasets[name].to_json())["settings"]["files"]
        assert len(files) == count
        for file, facts in files.items():
            assert (facts["bytes"], facts["md5"]) == (catalogue[file]["size"], catalogue[file]["hash"])
