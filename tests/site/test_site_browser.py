"""The site in a real browser, opened as files: every page, downloads, figures, text and colours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from axe_core_python.selenium import Axe
from browser_helpers import Open, requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from site_benchmark import HOSTILE, METHODS

from cgbench.config.run_matrix import RunMatrix
from cgbench.site.build import build_site

pytestmark = pytest.mark.slow
PAGES = ["index.html", "structures.html", "data.html", *(f"method-{name}.html" for name in METHODS)]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_loads_from_its_folder_alone(opened: Open, site: Path, page: str, width: int) -> None:
    """No message in the console, no request elsewhere, nothing wider than the window, no text as markup."""
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser = opened("index.html")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened(page)
        assert browser.get_log("browser") == []
        outside = [url for url in requests(browser) if not url.startswith((site.as_uri(), "data:", "about:"))]
        assert outside == []
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert "HACKED" not in browser.title
        assert browser.execute_script("return document.querySelectorAll('h1, canvas').length") == 1
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_follows_the_rules_of_accessibility(opened: Open, page: str, scheme: str) -> None:
    """Rules of WCAG 2.1, levels A and AA, as far as axe can decide them: names, roles, contrast, order."""
    browser = opened("index.html")
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    try:
        opened(page)
        found = Axe().run(browser, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
        assert found["passes"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def downloaded(browser: Any, folder: Path, *clicked: Any) -> dict[str, bytes]:
    """Content of the files that clicks bring, by name."""
    where = {"behavior": "allow", "downloadPath": str(folder)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    for element in clicked:
        browser.execute_script("arguments[0].click()", element)

    def files(_: Any) -> list[Path]:
        found = [path for path in folder.iterdir() if path.suffix != ".crdownload"]
        return found if len(found) == len(clicked) else []

    found = WebDriverWait(browser, 20).until(files)
    return {path.name: path.read_bytes() for path in found}


def test_tables_and_tasks_can_be_downloaded(opened: Open, site: Path, tmp_path: Path) -> None:
    browser = opened("data.html")
    wanted = ("tables/metrics.csv", "tables/metrics.parquet", "tasks/alanine_dipeptide-backbone-6.zip")
    links = [browser.find_element(By.CSS_SELECTOR, f'a[href="{address}"]') for address in wanted]
    assert [link.accessible_name for link in links] == [Path(address).name for address in wanted]
    expected = {Path(address).name: (site / address).read_bytes() for address in wanted}
    assert downloaded(browser, tmp_path, *links) == expected


def test_the_chart_is_saved_as_it_is_shown(opened: Open, tmp_path: Path) -> None:
    """The file needs no style sheet: its lines have the colours of the methods."""
    browser = opened("index.html#metric=graph_xor.heavy")
    ((name, content),) = downloaded(browser, tmp_path, browser.find_element(By.ID, "save")).items()
    assert name == "graph_xor.heavy-alanine_dipeptide-backbone.svg"
    picture = ElementTree.fromstring(content)
    names = {node.get("data-method"): node for node in picture.iter() if node.get("data-method")}
    assert set(names) == {"nearest_frame", "linear"}
    shown = browser.find_element(By.CSS_SELECTOR, '#chart [data-method="linear"] .stroke')
    (line,) = [node for node in names["linear"] if node.get("class") == "stroke"]
    assert line.get("stroke") == shown.value_of_css_property("stroke") != "none"
    assert line.get("fill") == "none" and line.get("d") == shown.get_attribute("d")
    assert "alanine_dipeptide, backbone" in [node.text for node in picture.iter()]


def test_figures_for_print_are_linked_from_each_view(opened: Open, site: Path) -> None:
    for page, name in (
        ("index.html", "backbone/comparison"),
        ("method-linear.html", "backbone/ramachandran-linear"),
        ("structures.html", "backbone/mapping"),
    ):
        links = opened(page).find_elements(By.CSS_SELECTOR, f'a[download][href*="{name}."]')
        kinds = [link.get_attribute("textContent") for link in links]
        assert sorted(kinds) == ["pdf", "png", "svg"], page


def test_text_of_files_is_text(opened: Open) -> None:
    for page in ("data.html", "method-linear.html"):
        browser = opened(page)
        assert HOSTILE in browser.find_element(By.TAG_NAME, "main").get_attribute("textContent")
        assert "HACKED" not in browser.title


def test_a_reader_chooses_light_or_dark(opened: Open) -> None:
    browser = opened("index.html")
    colour = "return getComputedStyle(document.body).backgroundColor"
    before = browser.execute_script(colour)
    browser.find_element(By.ID, "theme").click()
    after = browser.execute_script(colour)
    assert after != before
    assert opened("data.html").execute_script(colour) == after
    browser.find_element(By.ID, "theme").click()


def test_a_benchmark_that_has_not_begun_opens(
    opened: Callable[..., Any], benchmark: RunMatrix, tmp_path: Path
) -> None:
    build_site(replace(benchmark, results=str(tmp_path / "none")), tmp_path / "site")
    for page in ("index.html", "structures.html", "method-linear.html"):
        browser = opened(page, tmp_path / "site")
        assert browser.get_log("browser") == []
        assert "16 of 16 runs have no scores yet" in browser.find_element(By.ID, "missing").get_attribute(
            "textContent"
        )
