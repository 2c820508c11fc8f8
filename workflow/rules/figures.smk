"""Figures of a dataset with a mapping; those that read the same files are drawn by one job."""

DRAWN = f"{FIGURES}/{{mapping}}"
FLOORS = [
    f"{SPLIT}.floor.csv".replace("{fold}", str(fold))
    for fold in range(CONFIG.protocol.folds)
]
SPLITS = [
    f"{SPLIT}.json".replace("{fold}", str(fold))
    for fold in range(CONFIG.protocol.folds)
]


# One pair of figures for each method.
OF_METHODS = [
    path
    for method in CONFIG.run.methods
    for path in (
        *figure(
            f"{DRAWN}/ramachandran-{method}",
            "Torsions",
            "ramachandran-method",
            shows=f"{method} against MD",
        ),
        *figure(f"{DRAWN}/atoms-{method}", "Errors of atoms", "atoms", method=method),
    )
]


rule figures_scores:
    input:
        metrics="<results>/metrics.csv",
        runs="<results>/runs.csv",
        floors=FLOORS,
    output:
        figure(
            f"{DRAWN}/comparison", "Comparison", shows="accuracy, diversity, validity"
        ),
        figure(
            f"{DRAWN}/fidelity", "Comparison", shows="likeness to molecular dynamics"
        ),
        figure(f"{DRAWN}/cost", "Comparison", shows="accuracy against cost"),
        figure(f"{DRAWN}/trade", "Comparison", shows="diversity against validity"),
    log:
        f"{DRAWN}/scores.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        floors=lambda wildcards, input: [f"--floor={path}" for path in input.floors],
        directory=lambda wildcards, output: str(Path(output[0]).parent),
        code=code(verb="figures-scores"),
    shell:
        "python -m cgbench figures-scores --metrics {input.metrics:q} --runs {input.runs:q} {params.floors:q}"
        " --dataset {wildcards.dataset} --mapping {wildcards.mapping} --output {params.directory:q} > {log:q} 2>&1"


rule figures_samples:
    input:
        frames=f"{DATA}/frames.npz",
        # One fold shows the shape; more would only make the points denser.
        split=SPLITS[0],
        floor=FLOORS[0],
        samples=run_files("samples.npz", fold=0),
        metrics=run_files("metrics.csv", fold=0),
        runs=run_files("run.json", fold=0),
    output:
        figure(f"{DRAWN}/ramachandran", "Torsions", shows="densities of all methods"),
        OF_METHODS,
    log:
        f"{DRAWN}/samples.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        runs=directories("runs"),
        title="{dataset}, mapping: {mapping}",
        directory=lambda wildcards, output: str(Path(output[0]).parent),
        code=code(verb="figures-samples"),
    shell:
        "python -m cgbench figures-samples --frames {input.frames:q} --split {input.split:q}"
        " --floor {input.floor:q} {params.runs:q} --output {params.directory:q}"
        " --title {params.title:q} > {log:q} 2>&1"


rule figures_distributions:
    input:
        frames=f"{DATA}/frames.npz",
        splits=SPLITS,
        scores=run_files("scores.npz"),
        runs=run_files("run.json"),
    output:
        figure(f"{DRAWN}/torsions", "Distributions", "distributions", shows="torsions"),
        figure(f"{DRAWN}/bonds", "Distributions", "distributions", shows="bond lengths"),
        figure(f"{DRAWN}/angles", "Distributions", "distributions", shows="bond angles"),
    log:
        f"{DRAWN}/distributions.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        runs=directories("runs"),
        title="{dataset}, mapping: {mapping}",
        splits=lambda wildcards, input: [f"--split={path}" for path in input.splits],
        directory=lambda wildcards, output: str(Path(output[0]).parent),
        code=code(verb="figures-distributions"),
    shell:
        "python -m cgbench figures-distributions --frames {input.frames:q} {params.splits:q} {params.runs:q}"
        " --output {params.directory:q} --title {params.title:q}"
        " > {log:q} 2>&1"


rule figure_sweep:
    input:
        floors=FLOORS,
        metrics=sweep_files("metrics.csv"),
        runs=sweep_files("run.json"),
    output:
        svg=report(
            f"{DRAWN}/sweep-{{setting}}.svg",
            caption="../report/sweep.rst",
            category="Settings",
            labels={
                "dataset": "{dataset}",
                "mapping": "{mapping}",
                "setting": "{setting}",
            },
        ),
        png=f"{DRAWN}/sweep-{{setting}}.png",
    log:
        f"{DRAWN}/sweep-{{setting}}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        runs=directories("runs"),
        title="{dataset}, mapping: {mapping}",
        floors=lambda wildcards, input: [f"--floor={path}" for path in input.floors],
        code=code(verb="figure-sweep"),
    shell:
        "python -m cgbench figure-sweep --setting {wildcards.setting} {params.floors:q} {params.runs:q}"
        " --title {params.title:q} --output {output.svg:q} > {log:q} 2>&1"


SWEEPS = [
    path
    for dataset in CONFIG.run.datasets
    for setting in sweeps_of(dataset)
    for path in every_run(f"{DRAWN}/sweep-{setting}.svg")
    if path.startswith(f"<results>/figures/{dataset}/")
]


rule figures:
    input:
        every_run(f"{DRAWN}/comparison.svg"),
        every_run(f"{DRAWN}/ramachandran.svg"),
        every_run(f"{DRAWN}/torsions.svg"),
        SWEEPS,
    localrule: True
