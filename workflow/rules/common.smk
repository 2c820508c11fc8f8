"""What all rules share: the checked configuration, paths and the environment of jobs."""

import json
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

# The package of this checkout, whichever is installed.
SOURCE = str(Path(workflow.basedir, "src"))
sys.path.insert(0, SOURCE)

from cgbench.config.loader import Config
from cgbench.core.errors import InputError
from cgbench.core.registry import load
from cgbench.core.settings import fingerprint
from cgbench.core.code_dependencies import source_files, verb_files
from cgbench.runtime.tracking import environment

try:
    CONFIG = Config.from_dict(config)
except InputError as error:
    raise WorkflowError(str(error))


pathvars:
    results=CONFIG.results,


wildcard_constraints:
    dataset=r"[A-Za-z0-9_]+",
    mapping=r"[A-Za-z0-9_]+",
    method=r"[A-Za-z0-9_]+",
    n_beads=r"\d+",
    fold=r"\d+",
    setting=r"[A-Za-z0-9_]+",


DATA = "<results>/data/{dataset}"
SPLIT = "<results>/data/{dataset}/splits/fold{fold}"
MAPPING = "<results>/mappings/{dataset}/{mapping}-{n_beads}/fold{fold}"
RUN = "<results>/runs/{dataset}/{mapping}-{n_beads}/{method}/fold{fold}"

# Jobs take the interpreter that runs Snakemake, unless a conda environment is activated later, which
# then comes first; logs get a progress line every 10 s.
os.environ.update(
    PATH=os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    ),
    TQDM_MININTERVAL=os.environ.get("TQDM_MININTERVAL", "10"),
    # A job that outlived a killed Snakemake ends first; what it wrote is then made anew.
    CGBENCH_WAIT="1",
)
# The configuration as it was given, command line included. Tracking has no part in any result: it travels
# in the variables of Weights & Biases, which Snakemake does not compare, and gives way to those set already.
SETTINGS = json.dumps(
    {key: value for key, value in config.items() if key != "tracking"}, sort_keys=True
)
for variable, value in environment(
    CONFIG.tracking, CONFIG.results, fingerprint(SETTINGS)
).items():
    os.environ.setdefault(variable, value)
# Jobs take the package of this checkout; said here because Snakemake hides PYTHONPATH from jobs in
# conda environments.
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(SOURCE)}; ")


def every_cell(pattern):
    """Paths of all cells of the benchmark, in the order of the configuration, each once."""
    return list(dict.fromkeys(pattern.format(**vars(cell)) for cell in CONFIG.cells()))


def source_inputs(room=None, *names, verb=None):
    """Files that plug-ins and a verb are made of as a rule's input: an edit reruns what they take part in."""
    files = {path for name in names for path in source_files(room, name)}
    files |= set(verb_files(verb) if verb else [])
    # Relative where they can be, so that a moved checkout is not an edit.
    here = Path.cwd()
    return sorted(
        str(path.relative_to(here) if path.is_relative_to(here) else path)
        for path in files
    )


def method_sources(wildcards):
    """Input function: files that a method, and what it is made of, consist of."""
    plug_in = CONFIG.method(wildcards.method, wildcards.dataset)
    made_of = load("methods", plug_in.use).made_of(plug_in.settings)
    return source_inputs("methods", plug_in.use, *made_of)


def run_files(name, **fixed):
    """Input function: file ``name`` of the runs that agree with the wildcards and ``fixed``."""

    def files(wildcards):
        wanted = dict(wildcards.items()) | fixed
        return [
            f"{RUN}/{name}".format(**vars(cell))
            for cell in CONFIG.cells()
            if all(
                str(getattr(cell, key)) == str(value) for key, value in wanted.items()
            )
        ]

    return files


def growing(amount, per_mb=0):
    """Resource function: ``amount``, and as much again with every further attempt at the same job.

    ``per_mb`` of the input where that is more.
    """
    if not per_mb:
        return lambda wildcards, attempt: amount * attempt
    return lambda wildcards, input, attempt: attempt * max(
        amount, int(per_mb * input.size_mb)
    )


def gpus_of_a_job():
    """GPUs of a job that has a use for them; one where they are shared out."""
    return max(CONFIG.compute.gpus, 1 if "gpu" in workflow.global_resources else 0)


def gpus(wildcards):
    """Resource function: GPUs of a job of a method, none where the method has no use for them."""
    method = load("methods", CONFIG.methods[wildcards.method].use)
    return gpus_of_a_job() if method.uses_gpu() else 0


def figure(path, category, caption=None, **labels):
    """SVG and PNG of a figure of a dataset and mapping; the report shows the SVG under ``labels``."""
    name = caption or Path(path).name
    svg = report(
        f"{path}.svg",
        caption=f"../report/{name}.rst",
        category=category,
        labels={"dataset": "{dataset}", "mapping": "{mapping}"} | labels,
    )
    return [svg, f"{path}.png"]
