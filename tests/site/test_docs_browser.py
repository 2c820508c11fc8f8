"""The documentation as a site, in a real browser, opened as files."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_helpers import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as by `make docs` beside a results site: warnings are errors."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text("<!doctype html><title>Leaderboard</title>")
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-c", "docs", "-A", "results=../site/index.html"]
    done = subprocess.run([*build, ".", folder / "docs"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "docs"


@pytest.fixture
def visit(browser: Any, docs: Path) -> Callable[[str], Any]:
    def visited(page: str) -> Any:
        browser.get("about:blank")
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(f"{docs.as_uri()}/{page}")
        return browser

    return visited


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_load_from_their_folder_alone(visit: Callable[[str], Any], docs: Path, width: int) -> None:
    """No message in the console, no request elsewhere, nothing wider than the window."""
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser = visit("docs/index.html")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for page in ("README", "docs/architecture", "docs/metrics", "docs/api", "config/README"):
            visit(f"{page}.html")
            assert browser.get_log("browser") == [], page
            own = (docs.as_uri(), "data:", "about:")
            assert [url for url in requests(browser) if not url.startswith(own)] == [], page
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_link_between_pages_leads_somewhere(docs: Path) -> None:
    for page in docs.rglob("*.html"):
        for address in re.findall(r'href="([^"]+)"', page.read_text()):
            path, _, anchor = address.partition("#")
            if re.match(r"\w+:", address) or not path:
                continue
            target = (page.parent / path).resolve()
            assert target.is_file(), f"{page.relative_to(docs)}: {address}"
            if anchor and target.suffix == ".html":
                assert f'id="{anchor}"' in target.read_text(), f"{page.relative_to(docs)}: {address}"


def test_contracts_are_those_of_the_code(visit: Callable[[str], Any]) -> None:
    browser = visit("docs/api.html")
    terms = browser.find_elements(By.CSS_SELECTOR, "dl.py dt[id]")
    names = {term.get_attribute("id") for term in terms}
    for name in (
        "methods.base.BackmappingMethod.sample", "mapping.base.MappingGenerator._generate",
        "metrics.base.PerFrameMetric.per_frame", "data.sources.base.DatasetSource.read",
    ):  # fmt: skip
        assert f"cgbench.{name}" in names
    text = browser.find_element(By.ID, "cgbench.methods.base.BackmappingMethod.sample").find_element(
        By.XPATH, "following-sibling::dd"
    )
    assert "Backmap beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]." in text.text


def test_search_finds_without_a_server_and_the_results_are_linked(visit: Callable[[str], Any]) -> None:
    browser = visit("search.html?q=jackknife")
    WebDriverWait(browser, 60).until(lambda driver: "Glossary" in driver.find_element(By.ID, "main").text)
    browser.find_element(By.LINK_TEXT, "Results").click()
    assert browser.title == "Leaderboard"
