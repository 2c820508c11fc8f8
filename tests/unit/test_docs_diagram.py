"""The diagram of the documentation site has all boxes of the Mermaid text."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from diagram import flowchart  # noqa: E402


def test_every_box_and_group_is_drawn_and_every_arrow_is_said() -> None:
    text = re.search(r"```mermaid\n(.*?)```", (DOCS / "architecture.md").read_text(), re.DOTALL)[1]
    svg = flowchart(text)
    boxes = re.findall(r'(\w+)\["', text)
    assert len(boxes) > 20 and all(f">{name}</text>" in svg for name in boxes)
    assert all(f">{group}</text>" in svg for group in re.findall(r"subgraph \w+ \[(.+)\]", text))
    arrows = re.findall(r"(\w+) -\S+> (\w+)", text)
    assert len(arrows) > 30 and all(f"{start} is read by {end}" in svg for start, end in arrows)


def test_a_line_that_cannot_be_drawn_is_an_error() -> None:
    with pytest.raises(ValueError, match="'a ==> b' is no group, box or arrow"):
        flowchart('flowchart TB\nsubgraph x [X]\na["a: 1"]\nb["b: 2"]\nend\na ==> b')
