"""What a browser asked for."""

import json
from typing import Any


def requests(browser: Any) -> list[str]:
    """Addresses since the log was last read."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
