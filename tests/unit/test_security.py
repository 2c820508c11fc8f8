"""No text of a user becomes code, and names fit into paths and shells."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgbench.config.loader import Config
from cgbench.core.errors import InputError

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("benchmarks/*.py")])
FORBIDDEN = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput"),
    *("pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "joblib.load", "pd.read_pickle"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"),
}
# Calls that are safe with a keyword alone.
ONLY_WITH = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}


def _calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            keywords = {
                keyword.arg: keyword.value.value
                for keyword in node.keywords
                if keyword.arg and isinstance(keyword.value, ast.Constant)
            }
            yield ast.unparse(node.func), keywords


def _dangers(source: str) -> list[str]:
    found = []
    for name, keywords in _calls(ast.parse(source)):
        if name in FORBIDDEN or keywords.get("shell"):
            found.append(name)
        if name in ONLY_WITH:
            keyword, value = ONLY_WITH[name]
            if keywords.get(keyword) is not value:
                found.append(name)
    return found


@pytest.mark.parametrize(
    "source",
    [
        *(
            "eval(text)",
            "torch.load(path)",
            "torch.load(path, weights_only=False)",
            "yaml.load(text, Loader)",
        ),
        *("np.load(path)", "np.load(path, allow_pickle=True)", "subprocess.run(text, shell=True)"),
    ],
)
def test_dangers_are_seen(source: str) -> None:
    assert _dangers(source)


def test_nothing_that_is_read_is_executed() -> None:
    dangers = {str(path.relative_to(ROOT)): _dangers(path.read_text()) for path in SOURCES}
    assert {path: found for path, found in dangers.items() if found} == {}


@pytest.mark.parametrize(
    ("section", "name"),
    [
        *(
            ("datasets", name)
            for name in ("a b", "a;b", "$(exit)", "a'b", "a\n", "../a", "", "é", "-a", "{a}")
        ),
        *((section, "a;b") for section in ("datasets", "mappings", "methods", "simulations")),
    ],
)
def test_names_that_a_shell_or_a_path_would_mind_are_refused(section: str, name: str) -> None:
    values = {
        "datasets": {"mine": {"source": "bundled", "directory": "x"}},
        "mappings": {"backbone": None},
        "methods": {"linear": None},
        "run": {
            "datasets": ["mine"],
            "mappings": ["backbone"],
            "methods": ["linear"],
            "resolutions": {"mine": [3]},
        },
    }
    Config.from_dict(values)
    values[section] = {**values.get(section, {}), name: {"source": "bundled", "directory": "x"}}
    with pytest.raises(InputError, match="should match pattern") as caught:
        Config.from_dict(values)
    assert section in str(caught.value)
