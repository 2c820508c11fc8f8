"""The structure viewer in a real browser: what it draws, and how it steps."""

import json
from pathlib import Path
from typing import Any

from browser_helpers import Open, choose
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select


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
        for k, rmsd in enumerate(task["rmsd"]["nearest_frame"][place]):
            number = task["numbers"]["nearest_frame"][place][k]
            assert f"frame {task['frames'][place]['index']} " in says.text
            assert f"nearest_frame sample {number}: RMSD {rmsd:.3f} Å" in says.text
            browser.find_element(By.ID, "next").click()
