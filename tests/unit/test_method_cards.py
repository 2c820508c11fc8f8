"""Cards: what they must say, that every method has one, and what the leaderboard does with them."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cgbench.config.method_card import MethodCard
from cgbench.core.errors import InputError
from cgbench.report.method_cards import cards_as_markdown, chosen
from prediction_helpers import CARD

PAGE = (Path(__file__).parents[2] / "docs/submit.md").read_text()


def runs(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"bound": "", "n_parameters": 0} | row for row in rows])


def of_card(row: str, **changes: Any) -> dict[str, Any]:
    card = CARD.model_dump() | changes
    return {"method": row} | {f"card.{key}": value for key, value in card.items()}


def test_the_card_of_the_documentation_is_valid(tmp_path: Path) -> None:
    (text,) = [block.split("```")[0] for block in PAGE.split("```yaml\n")[1:] if block.startswith("method:")]
    (tmp_path / "card.yaml").write_text(text)
    card = MethodCard.load(tmp_path / "card.yaml")
    assert (card.training, card.test_molecules, card.deterministic) == ("task", "included", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": "trained"}, r"'training' has value 'trained': .*'task', 'zero-shot' or 'none'"),
        (
            {"test_molecules": True},
            r"'test_molecules' has value True: .*'excluded', 'possible' or 'included'",
        ),
        ({"licence": None}, r"'licence' has value None"),
        ({"licence": "MIT\n| x |"}, r"'licence' has value 'MIT\\n\| x \|'"),
        ({"method": ""}, r"'method' has value ''"),
        ({"method": "x" * 401}, r"'method'"),
        ({"parameters": -1}, r"'parameters' has value -1"),
        ({"author": "x"}, r"unknown key 'author'"),
    ],
)
def test_wrong_cards_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(CARD.model_dump() | change))
    with pytest.raises(InputError, match=rf"card\.yaml: .*{message}"):
        MethodCard.load(path)


def test_a_card_that_is_no_mapping_or_lacks_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    for text, message in (
        ("- 1", "the card is no list of keys and values; docs/submit.md has"),
        ("# nothing", "the card is empty; docs/submit.md has a card to copy$"),
        ("method: x", "'cost' is missing"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=rf"card\.yaml: .*{message}"):
            MethodCard.load(path)


def test_the_table_has_a_row_for_every_method() -> None:
    table = cards_as_markdown(
        runs(
            of_card("b", method="samples of p(x|X), <b>bold</b>"),
            of_card("a") | {"n_parameters": 10},
            of_card("a") | {"n_parameters": 2500},
            {"method": "old"},
        )
    )
    head, _, first, second, third = table.splitlines()
    assert [cell.strip() for cell in head.split("|")[1:4]] == ["name", "what it is", "training"]
    assert "| a " in first and "10 to 2,500" in first
    assert r"samples of p(x\|X), &lt;b&gt;bold&lt;/b&gt;" in second
    assert "| old " in third and "–" in third
    assert cards_as_markdown(runs({"method": "old"})) == ""


@pytest.fixture
def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    of_runs = runs(
        of_card("mine", training="zero-shot", deterministic=True, parameters=None),
        of_card("theirs", training="zero-shot", test_molecules="possible", parameters=12),
        of_card("ours", training="task"),
        of_card("top") | {"bound": "ceiling"},
        {"method": "old"},
    )
    scores = pd.DataFrame({"method": of_runs["method"], "mean": 1.0})
    pairs = pd.DataFrame({"method": ["mine", "mine"], "other": ["theirs", "ours"], "p": 0.1})
    return scores, pairs, of_runs


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ([], {"mine", "theirs", "ours", "top", "old"}),
        (["training=zero-shot"], {"mine", "theirs", "top"}),
        (["training=zero-shot", "test_molecules=excluded"], {"mine", "top"}),
        (["deterministic=true"], {"mine", "top"}),
        (["parameters=12"], {"theirs", "top"}),
    ],
)
def test_methods_are_chosen_by_their_cards(conditions: list[str], left: set[str], tables: Any) -> None:
    scores, pairs, of_runs = chosen(conditions, *tables)
    assert set(scores["method"]) == set(of_runs["method"]) == left
    assert len(pairs) == len([pair for pair in (("theirs",), ("ours",)) if {"mine", *pair} <= left])


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("train=task", r"--where train=task: give a key of a card .*; keys: method, reference"),
        ("training", r"--where training: give a key"),
        ("training=never", r"--where training=never: no method has this .*; there are: .*task.*zero-shot"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(condition: str, message: str, tables: Any) -> None:
    with pytest.raises(InputError, match=message):
        chosen([condition], *tables)
