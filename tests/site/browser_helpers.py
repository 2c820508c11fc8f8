"""What tests in a browser share: pages, choices, and what the browser asked for."""

import json
from collections.abc import Callable
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

Open = Callable[[str], Any]


def requests(browser: Any) -> list[str]:
    """Addresses since the log was last read."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def choose(browser: Any, name: str, value: str) -> None:
    Select(browser.find_element(By.NAME, name)).select_by_value(value)
