"""No text of a user's becomes code: not in the package, not in the shells of the rules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgbench.config.loader import Config
from cgbench.core.errors import InputError

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("benchmarks/*.py")])
RULES = sorted([ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")])
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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_is_executed(path: Path) -> None:
    assert _dangers(path.read_text()) == []


def _shells(rules: str) -> Iterator[str]:
    for found in re.finditer(r'^ +shell:\n((?: +".*"\n)+)', rules, re.MULTILINE):
        yield "".join(re.findall(r'"(.*)"', found[1]))


def test_all_shells_are_found() -> None:
    for path in RULES:
        text = path.read_text()
        assert len(list(_shells(text))) == len(re.findall(r"^ +shell:$", text, re.MULTILINE)), path.name
        assert not re.search(r"^ +(run|script):$", text, re.MULTILINE)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_shells_quote_what_is_put_in(path: Path) -> None:
    """Wildcards cannot hold what a shell would see, by their constraints; all else is quoted."""
    constrained = "\n".join(file.read_text() for file in RULES)
    for shell in _shells(path.read_text()):
        for field in re.findall(r"\{([^{}]+)\}", shell):
            kind, _, name = field.partition(".")
            if kind == "wildcards":
                assert re.search(rf'^ +{name}=r"(\[A-Za-z0-9_\]|\\d)\+",$', constrained, re.MULTILINE), field
            elif field != "threads":
                assert field.endswith(":q"), f"{field} in {shell}"
        assert not re.search(r"['\"][^'\"]*\{[^}]*\}[^'\"]*['\"]", shell), "quoted by hand"


@pytest.mark.parametrize("section", ["datasets", "mappings", "methods", "simulations"])
@pytest.mark.parametrize("name", ["a b", "a;b", "$(exit)", "a'b", "a\n", "../a", "", "é", "-a", "{a}"])
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
