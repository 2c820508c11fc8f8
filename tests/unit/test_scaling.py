"""docs/scaling.md agrees with the stored measurements of `benchmarks/scaling.py`."""

import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "results/reference/scaling/scaling.csv"


@pytest.fixture
def scaling(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import scaling

    yield scaling
    for name in [name for name in sys.modules if name.split(".")[0] in ("support", "scaling")]:
        del sys.modules[name]


def test_tables_of_scaling_agree(scaling) -> None:
    text = (ROOT / "docs/scaling.md").read_text()
    for title, table in scaling.tables(pd.read_csv(MEASURED)).items():
        assert f"## {title}\n{scaling.markdown(table)}\n" in text


def test_exponents_are_those_of_powers(scaling) -> None:
    """Time n² and n to 10,000, after a constant below 1,000 atoms that does not count."""
    rows = [("square", n, max(1e6, n**2), 1) for n in (10, 1000, 2000, 10000)]
    rows += [("line", n, n, 2048) for n in (10, 1000, 2000, 10000)]
    table = scaling.table(pd.DataFrame(rows, columns=["stage", "n", "seconds", "MiB"]), scaling.LARGE)
    assert table["exponent"].to_list() == pytest.approx([2, 1])
    assert table["GiB at 10,000"].to_list() == [1 / 1024, 2]
