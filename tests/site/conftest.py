"""A small finished benchmark, its site, and a browser."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_helpers import Open
from selenium.webdriver.support.ui import WebDriverWait
from site_benchmark import run_benchmark

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix
from cgbench.site.build import build_site


@pytest.fixture(scope="session")
def benchmark(alanine_frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> RunMatrix:
    """Finished benchmark; not to be changed."""
    return run_benchmark(alanine_frames, tmp_path_factory.mktemp("benchmark"))


@pytest.fixture(scope="session")
def site(benchmark: RunMatrix, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Site of the finished benchmark; not to be changed."""
    output = tmp_path_factory.mktemp("pages") / "site"
    assert build_site(benchmark, output) == []
    return output


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests skip where it is not installed, or fail where they must run."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        reason = "no chromium or chromedriver; on Debian: apt-get install chromium chromium-driver"
        if os.environ.get("CGBENCH_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    opened.set_window_size(1280, 900)
    yield opened
    opened.quit()


@pytest.fixture
def copied(benchmark: RunMatrix, tmp_path: Path) -> RunMatrix:
    """Copy of the benchmark, to be damaged."""
    shutil.copytree(benchmark.results, tmp_path / "results")
    return replace(benchmark, results=str(tmp_path / "results"))


@pytest.fixture
def opened(browser: Any, site: Path) -> Open:
    """Open a page of the site, anew even if only the part behind # differs."""

    def visit(page: str, folder: Path = site) -> Any:
        browser.get("about:blank")
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(f"{folder.as_uri()}/{page}")
        if page.startswith("structures"):
            drawn = "return !!(cgbench.viewer || !document.querySelector('option[data-script^=data]'))"
            WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(drawn))
        return browser

    return visit
