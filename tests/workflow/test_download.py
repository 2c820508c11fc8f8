"""Downloads by the workflow, from a server that the test starts: killed half-way, resumed, prepared."""

import hashlib
import os
import re
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cgbench.core.atomic_io import read_json
from workflow_project import ROOT, Project

pytestmark = pytest.mark.slow

BUNDLED = ROOT / "workflow/resources/alanine_dipeptide"
CONFIG = """
datasets:
  published:
    source: download
    urls: ["{url}"]
    files:
      walkers.tar.gz: {{bytes: {size}, sha256: {sha256}}}
    members: [data/topology.pdb, "data/walker-*.xtc"]
    topology: data/topology.pdb
    trajectories: ["data/walker-*.xtc"]
    stride: 500
    cache: {cache}
    temperature_K: 300
    licence: CC BY 4.0
run:
  datasets: [published]
  resolutions: {{published: [3]}}
"""


class Server(ThreadingHTTPServer):
    """Serves one file with ranges, and stops in the middle of it for as long as ``held`` says."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.held = body, True
        self.sent = 0
        self.ranges: list[str | None] = []
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet when a client is killed."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        begin, body = int(found[1]) if found else 0, self.server.body
        self.send_response(206 if begin else 200)
        self.send_header("ETag", '"one version"')
        self.send_header("Content-Length", str(len(body) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        end = len(body) // 2 if self.server.held else len(body)
        self.wfile.write(body[begin:end])
        self.server.sent += end - begin
        if self.server.held:
            self.server.closing.wait(300)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    archive = tmp_path / "walkers.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("topology.pdb", "walker-0.xtc", "walker-1.xtc", "walker-2.xtc", "card.json"):
            tar.add(BUNDLED / name, f"data/{name}")
    running = Server(archive.read_bytes())
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield running
    running.closing.set()
    running.shutdown()
    thread.join(10)
    running.server_close()


def test_a_killed_download_is_resumed_and_prepared(server: Server, tmp_path: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    cache = tmp_path / "cache"
    (project.root / "mine.yaml").write_text(
        CONFIG.format(
            url=f"http://127.0.0.1:{server.server_port}/",
            size=len(server.body),
            sha256=hashlib.sha256(server.body).hexdigest(),
            cache=cache,
        )
    )
    configuration = ("--configfile", "config/test.yaml", "mine.yaml")
    _kill_mid_download(project, server, cache, "fetch", *configuration)
    assert not list(cache.rglob("manifest-*.json"))
    assert not list(cache.rglob("*.xtc"))

    server.held = False
    project.run("--unlock", "fetch", *configuration)
    project.run("--rerun-incomplete", "fetch", *configuration)
    assert server.ranges[0] is None
    assert server.ranges[1] == f"bytes={len(server.body) // 2}-", "everything was fetched anew"
    assert server.sent == len(server.body)

    card_file = "results/test/data/published/card.json"
    project.run(*configuration, "--", card_file)
    card = read_json(project.root / card_file)
    assert [row["file"] for row in card["trajectories"]] == [f"data/walker-{k}.xtc" for k in range(3)]
    assert (card["n_atoms"], card["n_frames"], card["temperature_K"]) == (22, 3 * 20, 300)
    assert card["downloads"]["walkers.tar.gz"]["sha256"] == hashlib.sha256(server.body).hexdigest()
    assert "Nothing to be done" in project.run("fetch", *configuration)
    assert len(server.ranges) == 2, "fetched again"


def _kill_mid_download(project: Project, server: Server, cache: Path, *arguments: str) -> None:
    """Kill Snakemake and its job once half of the file is there."""
    # A session of its own, so that the job dies with Snakemake, as when a machine goes down.
    process = subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    half, deadline = len(server.body) // 2, time.monotonic() + 240
    while sum(part.stat().st_size for part in cache.rglob("*.part")) < half:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no half of a download in four minutes"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
