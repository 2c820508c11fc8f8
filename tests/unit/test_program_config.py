"""Programs in a configuration: which runs they add, what is refused, and their commands."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgbench.config.loader import Config
from cgbench.config.program import Program
from cgbench.core.errors import InputError
from cgbench.runtime.virtual_environment import variables

ROOT = Path(__file__).parents[2]
PROGRAM = {
    "use": "program",
    "command": "python 'a b.py' {beads}.pdb --out={samples}.pdb {seed}",
    "card": "card.yaml",
    "mappings": ["alpha_carbon"],
}


def config(program: dict[str, Any], **run: Any) -> Config:
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    values["methods"]["theirs"] = program
    values["run"] |= {"mappings": ["cgae", "alpha_carbon"], "methods": ["linear", "theirs"]}
    values["run"]["resolutions"]["chignolin"] = {"cgae": [6], "alpha_carbon": [12]}
    return Config.from_dict(values, "mine.yaml")


def test_a_program_is_run_on_its_mappings_alone() -> None:
    checked = config(PROGRAM)
    tasks = {spec.task for spec in checked.run_specs() if spec.method == "theirs"}
    assert tasks == {"alanine_dipeptide-alpha_carbon-3", "chignolin-alpha_carbon-12"} | {
        f"alanine_dipeptide-alpha_carbon-{n_beads}" for n_beads in (4, 6)
    }
    assert "theirs" not in checked.methods and "linear" in checked.methods
    assert checked.programs["theirs"].caps


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"command": "theirs {beads} {samples} {bead}"}, r"braces are those of \{beads\}, \{topology\}"),
        ({"command": "theirs {beads}"}, r"\{samples\} is missing; give the program this path"),
        ({"command": "theirs {beads} {samples} 'x"}, r"No closing quotation"),
        ({"command": " "}, r"give a program and its arguments"),
        ({"mappings": ["alpha"]}, r"\.mappings contains 'alpha', which is not defined; .*alpha_carbon"),
        ({"mappings": []}, r"'mappings'"),
        ({"card": None}, r"'card'"),
        ({"chunk": 0}, r"'chunk'"),
        ({"time_limit_min": 0}, r"'time_limit_min'"),
        ({"epochs": 3}, r"unknown key 'epochs'"),
        ({"use": "programme"}, r"\.use is 'programme', .* known: .*, program$"),
    ],
)
def test_wrong_programs_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"^mine\.yaml: methods\.theirs.*{message}"):
        config(PROGRAM | change)


def test_every_place_stays_in_its_argument() -> None:
    given = Program.model_validate({key: value for key, value in PROGRAM.items() if key != "use"})
    places = {"beads": "/a b/$(x)'\"", "samples": "{seed}", "seed": 7}
    assert given.arguments(places) == ["python", "a b.py", "/a b/$(x)'\".pdb", "--out={seed}.pdb", "7"]


def test_scripts_and_the_card_decide_about_results(tmp_path: Path) -> None:
    script = tmp_path / "a script.py"
    script.touch()
    given = Program(command=f"python '{script}' {{beads}} {{samples}}", card="card.yaml", mappings=("cgae",))
    assert given.files() == [Path("card.yaml"), script]
    shipped = "python workflow/programs/run_pulchra.py {beads}.pdb {samples}.pdb"
    found = Program(command=shipped, card="workflow/programs/pulchra.card.yaml", mappings=("cgae",)).files()
    assert all(path.is_file() for path in found) and len(found) == 2, "also outside of the checkout"


def test_environments_are_named_by_their_content(tmp_path: Path) -> None:
    names = []
    for name, content in (("a.txt", "x==1"), ("b.txt", "x==1"), ("c.txt", "x==2")):
        (tmp_path / name).write_text(content)
        given = Program(
            command="x {beads} {samples}", card="c", mappings=("m",), environment=str(tmp_path / name)
        )
        found = given.requirements()
        assert found is not None and found[0] == tmp_path / name
        names.append(found[1])
    assert names[0] == names[1] != names[2]
    (tmp_path / "a.txt").unlink()
    with pytest.raises(InputError, match=r"a\.txt: cannot be read .*; give a requirements file of pip"):
        Program(
            command="x {beads} {samples}", card="c", mappings=("m",), environment=str(tmp_path / "a.txt")
        ).requirements()


def test_a_program_sees_its_environment_and_not_this_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", "src")
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    found = variables(tmp_path, threads=3)
    assert not {"PYTHONPATH", "WANDB_API_KEY"} & found.keys()
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["PATH"].split(":") == [str(tmp_path.resolve() / "bin"), str(Path(sys.executable).parent)]


def test_shipped_programs_have_cards() -> None:
    from cgbench.config.method_card import MethodCard

    checked = Config.load(*(ROOT / "config" / name for name in ("config.yaml", "programs.yaml")))
    assert set(checked.programs) == {"cgback", "pulchra"}
    for program in checked.programs.values():
        assert MethodCard.load(ROOT / program.card).training == "zero-shot"
        assert program.requirements() is not None
