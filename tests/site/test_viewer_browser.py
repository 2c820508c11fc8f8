"""The structure viewer in a real browser: what it draws, and how it steps."""

import json
from pathlib import Path
from typing import Any

import pytest
from browser_helpers import Open, choose
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

pytestmark = pytest.mark.slow


def viewer(browser: Any) -> dict[str, Any]:
    return dict(browser.execute_script("const {molecule, ...rest} = cgbench.viewer; return rest"))


def painted(browser: Any) -> tuple[int, int]:
    """Number of painted pixels, and a hash of all."""
    script = """
        const c = document.getElementById("molecule");
        const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0, h = 0;
        for (let k = 3; k < p.length; k += 4) {
            if (p[k]) n++;
            h = (31 * h + p[k] + p[k - 1] + p[k - 3]) | 0;
        }
        return [n, h];"""
    number, sums = browser.execute_script(script)
    return number, sums


def test_the_viewer_draws_atoms_of_frame_and_samples(opened: Open) -> None:
    browser = opened("structures.html#method=nearest_frame")
    assert viewer(browser)["atoms"] == [22, 22] and viewer(browser)["methods"] == ["nearest_frame"]
    number, first = painted(browser)
    assert number > 5000
    for name, atoms in (("all", [22, 22, 22, 22]), ("hydrogens", [10] * 4), ("reference", [10] * 3)):
        browser.find_element(By.NAME, name).click()
        assert viewer(browser)["atoms"] == atoms
    choose(browser, "other", "linear")
    assert viewer(browser)["atoms"] == [10] * 4 and viewer(browser)["methods"] == ["nearest_frame", "linear"]
    seen = {first, painted(browser)[1]}
    for color in ("bead", "error"):
        choose(browser, "color", color)
        seen.add(painted(browser)[1])
    browser.find_element(By.ID, "molecule").send_keys(Keys.ARROW_LEFT)
    seen.add(painted(browser)[1])
    assert len(seen) == 5, "each choice and each turn changes the picture"
    legend = browser.find_element(By.ID, "key").text
    assert legend == "nearest_frame and linear: distance of each atom from the MD frame"
    assert browser.find_element(By.ID, "scale-end").text.endswith("Å")


def test_the_viewer_steps_through_samples_and_frames(opened: Open, site: Path) -> None:
    task = json.loads((site / "data/alanine_dipeptide-backbone-3.js").read_text()[15:].rstrip(";\n"))
    browser = opened("structures.html#method=nearest_frame")
    says = browser.find_element(By.ID, "says")
    options = Select(browser.find_element(By.NAME, "frame")).options
    own = browser.find_elements(By.CSS_SELECTOR, "[name=frame] optgroup:first-child option")
    assert len(options) == len(task["frames"])
    assert [option.text.split(":")[0] for option in own] == ["best", "median", "worst"]
    for option in own:
        place = int(option.get_attribute("value"))
        option.click()
        assert task["ranks"]["nearest_frame"] == [0, 1, 2] and task["drawn"]["nearest_frame"] == 3
        for k, (rmsd, which) in enumerate(
            zip(task["rmsd"]["nearest_frame"][place], ("nearest", "no. 2", "farthest"), strict=True)
        ):
            number = task["numbers"]["nearest_frame"][place][k]
            assert f"frame {task['frames'][place]['index']} " in says.text
            assert f"nearest_frame: sample {number} of 3, " in says.text and which in says.text
            assert browser.find_element(By.ID, "sample").text == f"{which} of 3"
            assert faults(browser)[0][:2] == [f"nearest_frame, {which}", f"{rmsd:.3f}"]
            browser.find_element(By.ID, "next").click()


def faults(browser: Any) -> list[list[str]]:
    """Text of the cells of the table of faults."""
    found = "[...document.querySelectorAll('#faults tbody tr')]"
    return list(browser.execute_script(f"return {found}.map(r => [...r.cells].map(c => c.innerText))"))


def test_faults_of_the_shown_sample_are_beside_it(opened: Open, site: Path) -> None:
    task = json.loads((site / "data/alanine_dipeptide-backbone-3.js").read_text()[15:].rstrip(";\n"))
    browser = opened("structures.html#method=linear")
    place = int(browser.find_element(By.NAME, "frame").get_attribute("value"))
    missing, spurious, clashes, centres, torsion, worst = task["faults"]["linear"][place][0]
    linear, md = faults(browser)
    assert linear[2:] == [str(n) for n in (missing, spurious, clashes, centres)] + [f"{torsion} ({worst})"]
    assert linear[0] == "linear" and md[0] == "MD frame" and md[2:4] == ["0", "0"] and md[5] == "0"
    said = browser.find_element(By.ID, "says").text
    assert "linear: its one geometry of this frame (a deterministic method)" in said
    assert browser.find_element(By.ID, "sample").text == "one geometry"
    assert not browser.find_element(By.ID, "next").is_enabled()


def test_nothing_is_cut_off_in_a_wide_window_however_it_is_turned(opened: Open) -> None:
    edges = """
        const c = document.getElementById("molecule"), paint = c.getContext("2d");
        const painted = (...box) => paint.getImageData(...box).data.some(Boolean);
        const {width: w, height: h} = c;
        const sides = [[0, 0, w, 2], [0, h - 2, w, 2], [0, 0, 2, h], [w - 2, 0, 2, h]];
        return sides.some((side) => painted(...side));"""
    metrics = {"width": 1280, "height": 600, "deviceScaleFactor": 1, "mobile": False}
    browser = opened("index.html")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        opened("structures.html#method=nearest_frame&frame=worst&all=yes")
        molecule = browser.find_element(By.ID, "molecule")
        for _ in range(11):  # half a turn
            molecule.send_keys(Keys.ARROW_LEFT, Keys.ARROW_UP)
            assert not browser.execute_script(edges)
        molecule.send_keys("+" * 20)
        assert browser.execute_script(edges)
        choose(browser, "task", "alanine_dipeptide, backbone, 6 beads")
        says = browser.find_element(By.ID, "says")
        WebDriverWait(browser, 20).until(lambda _: "6 beads" in says.text)
        assert not browser.execute_script(edges), "another task is seen as a whole"
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_another_method_keeps_the_frame(opened: Open) -> None:
    browser = opened("structures.html#method=nearest_frame")
    frame = Select(browser.find_element(By.NAME, "frame"))
    groups = browser.find_elements(By.CSS_SELECTOR, "[name=frame] optgroup")
    assert [group.get_attribute("label") for group in groups] == [
        f"Chosen for {whose} (energy score of nearest_frame, Å)"
        for whose in ("nearest_frame", "other methods")
    ]
    groups[1].find_element(By.TAG_NAME, "option").click()
    kept = frame.first_selected_option.get_attribute("value")
    choose(browser, "method", "linear")
    assert frame.first_selected_option.get_attribute("value") == kept


def test_choices_go_along_from_page_to_page(opened: Open) -> None:
    """From a row of the leaderboard to its worst sample, and back with the same task and score."""
    browser = opened("index.html#beads=6&metric=graph_xor.heavy")
    browser.find_element(By.CSS_SELECTOR, '#board tr[data-method="nearest_frame"] .aside').click()
    says = WebDriverWait(browser, 20).until(lambda driver: driver.find_element(By.ID, "says"))
    WebDriverWait(browser, 20).until(lambda _: "nearest_frame" in says.text)
    assert "6 beads" in says.text and "the farthest from the MD frame" in says.text
    chosen = Select(browser.find_element(By.NAME, "frame")).first_selected_option.text
    assert "worst" in chosen and browser.find_element(By.NAME, "spheres").is_selected()
    for link, beads in (("Data and tasks", ""), ("Leaderboard", "6")):
        browser.find_element(By.LINK_TEXT, link).click()
        if beads:
            assert browser.find_element(By.NAME, "beads").get_attribute("value") == beads
            assert browser.find_element(By.NAME, "metric").get_attribute("value") == "graph_xor.heavy"
    browser.find_element(By.LINK_TEXT, "linear").click()
    assert browser.find_element(By.NAME, "metric").get_attribute("value") == "graph_xor.heavy"
    browser.find_element(By.LINK_TEXT, "Its samples in 3-D").click()
    says = browser.find_element(By.ID, "says")
    WebDriverWait(browser, 20).until(lambda _: "linear" in says.text)
    assert "6 beads" in says.text
