"""The front page in a real browser: leaderboard, filters, answer and chart."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser_helpers import Open, choose
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from site_benchmark import script

from cgbench.config.run_matrix import RunMatrix

pytestmark = pytest.mark.slow


def rows(browser: Any) -> list[list[str]]:
    """Text of the cells of the leaderboard."""
    found = "[...document.querySelectorAll('#board tbody tr')]"
    script = f"return {found}.map(r => [...r.cells].map(c => c.innerText))"
    return [[cell.strip() for cell in row] for row in browser.execute_script(script)]


def test_numbers_on_the_page_are_those_of_the_tables(opened: Open, benchmark: RunMatrix) -> None:
    browser = opened("index.html")
    browser.find_element(By.NAME, "controls").click()
    script = (
        "return [...document.querySelectorAll('#board td[data-key]')].map(c => { const r = c.closest('tr');"
        " return [r.cells[0].innerText, r.dataset.method, c.dataset.key, +c.dataset.value, c.innerText]; })"
    )
    shown = browser.execute_script(script)
    metrics = pd.read_csv(Path(benchmark.results, "metrics.csv"))
    means = metrics.groupby(["n_beads", "method", "metric", "atoms"])["value"].mean()
    assert len(shown) == 8 * 4
    for n_beads, method, key, value, text in shown:
        expected = means[int(n_beads), method, *key.split(".")]
        assert value == pytest.approx(expected, rel=1e-4, abs=1e-9)
        assert float(text.split()[0]) == pytest.approx(expected, abs=6e-4)


def test_a_click_on_a_head_sorts_and_the_keyboard_does_too(opened: Open) -> None:
    browser = opened("index.html")
    browser.find_element(By.NAME, "controls").click()

    def column(key: str) -> list[float]:
        cells = browser.find_elements(By.CSS_SELECTOR, f'#board td[data-key="{key}"]')
        return [float(cell.get_attribute("data-value")) for cell in cells]

    key = "graph_xor.heavy"
    before = column(key)
    browser.find_element(By.CSS_SELECTOR, f'[data-column="{key}"]').click()
    assert column(key) == sorted(before) != before
    head = browser.switch_to.active_element
    assert head.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    head.send_keys(Keys.ENTER)
    assert column(key) == sorted(before, reverse=True)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert column(key) == before


def test_filters_leave_the_right_rows_and_the_address_keeps_them(opened: Open) -> None:
    """Columns in which all rows are equal are left out; the heading has their task."""
    browser = opened("index.html")
    assert {row[1] for row in rows(browser)} == {"nearest_frame", "linear"}
    choose(browser, "beads", "6")
    assert browser.find_element(By.ID, "count").text == "2 of 8 rows: alanine_dipeptide, backbone, 6 beads"
    assert {row[0].split()[0] for row in rows(browser)} == {"nearest_frame", "linear"}
    choose(browser, "samples", "are equal")
    assert [row[0].split()[0] for row in rows(browser)] == ["linear"]
    choose(browser, "samples", "")
    choose(browser, "training", "zero-shot")
    assert [row[0].split()[0] for row in rows(browser)] == ["linear"]
    address = browser.current_url.partition("#")[2]
    assert set(address.split("&")) == {"beads=6", "training=zero-shot"}
    browser = opened(f"index.html#{address}")
    assert [row[0].split()[0] for row in rows(browser)] == ["linear"]
    browser.find_element(By.CSS_SELECTOR, "[type=reset]").click()
    WebDriverWait(browser, 20).until(lambda driver: len(rows(driver)) == 4)
    browser.find_element(By.NAME, "method").send_keys("nearest f")
    assert {row[1] for row in rows(browser)} == {"nearest_frame"}


def test_without_a_match_the_page_says_what_fits(opened: Open) -> None:
    browser = opened("index.html#samples=differ&training=zero-shot")
    answer, save = (browser.find_element(By.ID, name) for name in ("answer", "save"))
    assert answer.text == (
        "No method fits these choices. Some do without the choice of samples, or of training."
    )
    assert browser.find_element(By.ID, "caption").text == "" and not save.is_displayed()
    choose(browser, "samples", "")
    assert "No method" not in answer.text and save.is_displayed()


def test_a_board_of_other_data(opened: Open, site: Path, tmp_path: Path) -> None:
    """Two datasets, trained methods alone, ties, and intervals that reach below zero."""
    copied = tmp_path / "site"
    shutil.copytree(site, copied)
    board = script(site / "data/board.js")
    key = "energy_score.heavy"
    for row in board["rows"]:
        row["dataset"] = "alanine_dipeptide" if row["n_beads"] == 3 else "chignolin"
    for method in board["methods"].values():
        method |= {"test_molecules": "included", "training": "task"}
    board["methods"]["on_beads"]["test_molecules"] = "excluded"
    for place, row in enumerate(board["rows"]):
        mean = {"nearest_frame": 0.024, "linear": 0.026}.get(row["method"], 0.5)
        tied = row["n_beads"] == 3
        mean = mean if tied else mean / 20
        low, high = (mean - 0.1, mean + 0.1) if tied else (0.0002, 2 * mean - 0.0002)
        mark = {"nearest_frame": "best", "linear": "tied" if tied else "worse"}.get(row["method"], "")
        board["scores"][key][place] = [mean, low, high, mark, 0.01, 2, 4, None]
    board["leads"] = {}
    board["floors"] = {"alanine_dipeptide": {key: 0.02}}
    (copied / "data/board.js").write_text(f"cgbench.board = {json.dumps(board)};\n")

    browser = opened(f"index.html#metric={key}&dataset=alanine_dipeptide", copied)
    answer = browser.find_element(By.ID, "answer")
    assert answer.text == (
        "Energy score, heavy atoms, on alanine_dipeptide, backbone, 3 beads: no significant difference. "
        "2 methods are tied for the lowest score: nearest_frame (0.024 ± 0.100 Å), linear. "
        "Noise floor (MD against MD): 0.020 Å."
    )
    # Beads that the dataset does not have cannot be chosen, and are forgotten when the dataset changes.
    beads = Select(browser.find_element(By.NAME, "beads"))
    assert [option.is_enabled() for option in beads.options] == [True, True, False]
    choose(browser, "beads", "3")
    choose(browser, "dataset", "chignolin")
    assert beads.first_selected_option.get_attribute("value") == ""
    # The lead is that of the numbers beside it, with as many digits as it needs.
    assert "best is nearest_frame with 0.00120 ± 0.00100 Å, 0.00010 Å ahead of linear" in answer.text
    assert "linear with 0.00130 ± 0.00110 Å (p = 0.010)." in answer.text
    choose(browser, "test_molecules", "excluded")
    assert answer.text == "All methods here were trained on the molecule; none is zero-shot."
    browser.find_element(By.NAME, "controls").click()
    assert answer.text == "The upper and the lower control have no rank." and len(rows(browser)) == 1
    browser.find_element(By.NAME, "controls").click()
    choose(browser, "test_molecules", "")
    choose(browser, "dataset", "")
    caption = browser.find_element(By.ID, "caption").text
    assert "alanine_dipeptide, backbone: logarithmic axis; chignolin, backbone: linear axis" in caption
    assert "An arrow: the interval reaches beyond the axis." in caption
    assert browser.find_elements(By.CSS_SELECTOR, "#chart .beyond")
    # Methods are side by side.
    across = {
        spot.rect["x"] for spot in browser.find_elements(By.CSS_SELECTOR, "#chart svg:first-child .spot")
    }
    assert len(across) == 2


def test_scores_are_grouped_and_defined(opened: Open) -> None:
    browser = opened("index.html")
    groups = browser.find_elements(By.CSS_SELECTOR, "[name=metric] optgroup")
    assert [group.get_attribute("label") for group in groups] == ["Accuracy", "Torsions", "Bond graph"]
    choose(browser, "metric", "graph_xor.heavy")
    assert "missing and spurious bonds per bond" in browser.find_element(By.ID, "definition").text


def test_the_chosen_number_of_beads_is_marked_in_the_chart(opened: Open) -> None:
    browser = opened("index.html")
    assert not browser.find_elements(By.CSS_SELECTOR, "#chart .chosen")
    choose(browser, "beads", "6")
    assert browser.find_element(By.CSS_SELECTOR, "#chart text.chosen").text == "6"
    assert browser.find_elements(By.CSS_SELECTOR, "#chart rect.chosen")


def test_a_phone_shows_the_answer_and_the_chart_first(opened: Open) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser = opened("index.html")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened("index.html#beads=6")
        assert not browser.find_element(By.NAME, "dataset").is_displayed()
        bottom = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
        assert browser.execute_script(bottom, "#answer") < 700
        browser.find_element(By.CSS_SELECTOR, "#more > summary").click()
        assert browser.find_element(By.NAME, "dataset").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_answer_names_the_best_method_and_its_lead(opened: Open, benchmark: RunMatrix) -> None:
    browser = opened("index.html#metric=energy_score.heavy&beads=3")
    table = pd.read_csv(Path(benchmark.results, "leaderboard.csv"))
    task = table.query("metric == 'energy_score' and atoms == 'heavy' and n_beads == 3 and bound.isna()")
    first, second = task.sort_values("loss").itertuples()
    said = browser.find_element(By.ID, "answer").text
    if second.mark == "worse":
        assert f"best is {first.method} with {first.mean:.3f}" in said
        shown = round(second.mean, 3) - round(first.mean, 3)
        assert f"{shown:.3f} Å ahead of {second.method} with {second.mean:.3f}" in said
        assert "95 % interval of the lead" in said
    else:
        assert f"tied for the lowest score: {first.method} ({first.mean:.3f}" in said


def test_a_click_on_a_name_hides_its_line_and_a_point_says_its_value(opened: Open) -> None:
    browser = opened("index.html")

    def lines() -> list[str]:
        groups = browser.find_elements(By.CSS_SELECTOR, "#chart .line")
        return [group.get_attribute("data-method") for group in groups]

    assert sorted(lines()) == ["linear", "nearest_frame"]
    name = browser.find_element(By.XPATH, "//*[@id='legend']/button[contains(., 'linear')]")
    name.click()
    assert lines() == ["nearest_frame"]
    point = browser.find_element(By.CSS_SELECTOR, "#chart .line .spot")
    ActionChains(browser).move_to_element(point).perform()
    tip = browser.find_element(By.CLASS_NAME, "tip").text
    assert "nearest_frame, 3 beads" in tip and "95 % interval" in tip
    assert "n = 2 folds, 4 blocks, 24 test frames" in tip


def test_arrow_keys_say_the_points_of_the_chart(opened: Open) -> None:
    browser = opened("index.html")
    chart = browser.find_element(By.CSS_SELECTOR, "#chart svg")
    texts = []
    for key in [Keys.ARROW_RIGHT] * 4 + [Keys.ARROW_RIGHT, Keys.ARROW_LEFT]:
        chart.send_keys(key)
        tip = browser.find_element(By.CSS_SELECTOR, ".tip[role=status]")
        texts.append(tip.text.splitlines()[0])
        assert len(browser.find_elements(By.CSS_SELECTOR, ".spot.at")) == 1
    assert len(set(texts[:4])) == 4, "two methods at two numbers of beads"
    assert texts[4:] == [texts[0], texts[3]]
    browser.find_element(By.ID, "theme").send_keys(Keys.TAB)
    assert not browser.find_element(By.CLASS_NAME, "tip").is_displayed()
