"""Fixtures: local servers, and a download from them."""

import threading

import pytest
from downloads import INFO, POLICY
from faulty_server import Server

from cgbench.data.download.mirrors import download


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

    def download_one(*urls, info=INFO, policy=POLICY):
        target = tmp_path / "cache" / "data.bin"
        download(urls or [f"{server.url}data.bin"], target, info, policy)
        return target

    return download_one
