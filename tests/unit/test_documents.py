"""Relative links of the Markdown files resolve, commands exist, and versions agree."""

import re
import shlex
from pathlib import Path

import pytest
import typer

import cgbench
from cgbench.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "config").glob("*.md")],
    key=lambda path: path.relative_to(ROOT),
)
FENCED = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+?)#*$", FENCED.sub("", page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_relative_to(ROOT) or not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken, f"{page.relative_to(ROOT)} links to what does not exist: {', '.join(broken)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_page_begins_with_one_title(page: Path) -> None:
    titles = re.findall(r"^# .+$", FENCED.sub("", page.read_text()), flags=re.MULTILINE)
    assert len(titles) == 1
    assert page.read_text().startswith(titles[0])


CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", flags=re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^(?:\w+=\S+ +|nohup +)*(?:python -m )?(cgbench|snakemake|make) +(.+)")
# Options of snakemake that take several values, so that targets cannot be told from them.
MANY = {"--configfile", "--config", "--resources", "--set-resources", "--set-threads"}


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """Programs of this project that a page names as code, each with its arguments."""
    lines = [
        part.strip()
        for fenced, inline in CODE.findall(page.read_text())
        for line in (fenced or inline).replace("\\\n", " ").splitlines()
        for part in re.split(r" && | +# ", line)
    ]
    matches = [match for match in map(PROGRAM.match, lines) if match]
    return [(match[1], shlex.split(match[2].replace("…", ""))) for match in matches]


def unknown_of_cgbench(arguments: list[str]) -> list[str]:
    if arguments[0] == "run":
        return unknown_of_snakemake(arguments[1:])
    command = typer.main.get_command(app)
    words = list(arguments)
    while words and isinstance(getattr(command, "commands", None), dict):
        if words[0].startswith("-") or words[0].startswith("<"):
            break
        command = command.commands.get(words[0])  # type: ignore[attr-defined]
        if command is None:
            return [words[0]]
        words = words[1:]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return [word for word in words if word.startswith("--") and word.split("=")[0] not in options]


def unknown_of_snakemake(arguments: list[str]) -> list[str]:
    files = [ROOT / "Snakefile", ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    rules = set(re.findall(r"^rule (\w+):", "\n".join(path.read_text() for path in files), re.MULTILINE))
    targets, option = [], ""
    for word in arguments:
        if word.startswith("-"):
            option = word
        elif option in MANY:
            continue
        elif option:  # the value of an option that takes one, or a target after a switch
            option = ""
            targets += [word] if word in rules else []
        else:
            targets.append(word)
    return [word for word in targets if word not in rules and not re.search(r"[./<{]", word)]


def unknown_of_make(arguments: list[str]) -> list[str]:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return [
        word for word in arguments if "=" not in word and not word.startswith("-") and word not in targets
    ]


UNKNOWN = {"cgbench": unknown_of_cgbench, "snakemake": unknown_of_snakemake, "make": unknown_of_make}
NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]  # the changelog has former names


@pytest.mark.parametrize("page", NOW, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    unknown = [
        f"{program} {' '.join(arguments)}: {', '.join(words)}"
        for program, arguments in commands(page)
        if (words := UNKNOWN[program](arguments))
    ]
    assert not unknown, f"{page.relative_to(ROOT)} names what does not exist:\n" + "\n".join(unknown)


def test_commands_are_found_and_checked() -> None:
    assert sum(len(commands(page)) for page in NOW) >= 40
    assert unknown_of_cgbench(["figures", "walkers"]) == ["walkers"]
    assert unknown_of_cgbench(["export", "--folder", "x"]) == ["--folder"]
    assert unknown_of_snakemake(["--cores", "8", "everything"]) == ["everything"]
    assert unknown_of_cgbench(["run", "--cores", "8", "everything"]) == ["everything"]
    assert unknown_of_make(["figures"]) == ["figures"]


def test_versions_agree() -> None:
    (cited,) = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert cited == cgbench.__version__
    assert f"\n## [{cgbench.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
