"""Programs whose environments contradict ours run beside methods, and one that fails stops no other."""

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow

# Every atom on the bead of its residue, with a numpy that is none.
PROGRAM = """
import sys
import numpy

assert numpy.__version__ == "0.0.1", numpy.__version__
beads, topology, samples = sys.argv[1:]
places = {}
for line in open(beads):
    if line.startswith("MODEL"):
        places[len(places)] = {}
    if line.startswith("ATOM") or line.startswith("HETATM"):
        places[len(places) - 1][line[22:26]] = line[30:54]
with open(samples, "w") as output:
    for number, of_residue in places.items():
        output.write(f"MODEL     {number + 1:4d}\\n")
        for line in open(topology):
            if line.startswith("ATOM") or line.startswith("HETATM"):
                output.write(line[:30] + of_residue[line[22:26]] + line[54:])
        output.write("ENDMDL\\n")
"""
CARD = """
method: every atom on the bead of its residue
reference: none
code: none
licence: MIT
training: none
training_data: none
test_molecules: excluded
deterministic: true
cost: nothing
"""
CONFIG = """
protocol: {folds: 1}
methods:
  sound: &program
    use: program
    command: python 'a program.py' {beads}.pdb {topology} {samples}.pdb
    environment: requirements.txt
    card: card.yaml
    mappings: [alpha_carbon]
    chunk: 10
  faulty:
    <<: *program
    command: python faulty.py {beads}.pdb {topology} {samples}.pdb
run:
  mappings: [alpha_carbon, backbone]
  methods: [on_beads, sound, faulty]
  resolutions: {alanine_dipeptide: [3]}
"""
FIGURES = "results/test/figures/alanine_dipeptide/alpha_carbon"
ARGUMENTS = ("tables", f"{FIGURES}/atoms-sound.svg", "--configfile", "config/test.yaml", "mine.yaml")
RUNS = "results/test/runs/alanine_dipeptide/alpha_carbon-3"


def wheel(folder: Path) -> Path:
    """A package numpy 0.0.1 with nothing in it."""
    path = folder / "numpy-0.0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("numpy/__init__.py", "__version__ = '0.0.1'\n")
        info = "numpy-0.0.1.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("programs") / "project")
    root = project.root
    (root / "requirements.txt").write_text(f"--no-index\n{wheel(root)}\n")
    (root / "a program.py").write_text(PROGRAM)
    (root / "faulty.py").write_text("raise SystemExit('no licence found')\n")
    (root / "card.yaml").write_text(CARD)
    (root / "mine.yaml").write_text(CONFIG)
    return project


def test_a_program_that_fails_is_named_and_all_others_finish(project: Project) -> None:
    done = project.snakemake("--keep-going", "--show-failed-logs", *ARGUMENTS)
    assert done.returncode
    message = (
        "faulty, test frames 1 to 10 of fold 0: the command ended with exit status 1; its output is above"
    )
    assert message in done.stdout and "no licence found" in done.stdout
    folder = project.root / RUNS
    for method in ("on_beads", "sound"):
        assert (folder / method / "fold0/metrics.csv").exists(), method
    assert not (folder / "faulty/fold0/run.json").exists()
    environments = list((project.root / "results/test/environments").glob("*/installed.txt"))
    assert [path.read_text().split(" ")[0] for path in environments] == ["numpy"], "both programs share it"


def test_a_repaired_program_completes_the_tables(project: Project) -> None:
    """All atoms are where the lower control has them."""
    shutil.copy(project.root / "a program.py", project.root / "faulty.py")
    project.run(*ARGUMENTS)
    board = pd.read_csv(project.root / "results/test/leaderboard.csv")
    methods = board.groupby("mapping")["method"].unique()
    assert {"sound", "faulty"} <= set(methods["alpha_carbon"]) and "sound" not in set(methods["backbone"])
    values = board.set_index(["mapping", "metric", "atoms", "method"])["mean"]["alpha_carbon"]
    for atoms in ("all", "heavy", "backbone", "sidechain"):
        on_beads = values["energy_score", atoms, "on_beads"]
        assert values["energy_score", atoms, "sound"] == pytest.approx(on_beads, abs=2e-3)
    assert (project.root / FIGURES / "atoms-sound.svg").exists()
    history = f"{FIGURES}/training-sound.svg"
    assert f"No rule to produce {history}" in project.snakemake("--dry-run", history, *ARGUMENTS[2:]).stdout
    assert project.planned(*ARGUMENTS) == []


def test_an_edit_of_a_script_repeats_its_program_alone(project: Project) -> None:
    with (project.root / "a program.py").open("a") as script:
        script.write("print('done')\n")
    jobs = [job for job in project.planned(*ARGUMENTS) if job.rule in ("run_program", "train_and_sample")]
    assert {(job.rule, job.wildcards["method"]) for job in jobs} == {("run_program", "sound")}
    assert not any(job.rule == "build_environment" for job in project.planned(*ARGUMENTS))
