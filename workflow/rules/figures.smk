"""Figures; those that are drawn from the same files are drawn by one job."""

MAPPED = f"{FIGURES}/{{mapping}}"
# An edit of the configuration that matters to a figure changes its other inputs or its outputs.
BENCHMARK = ancient("<results>/config.json")
SPLITS = every_fold(f"{SPLIT}.json")
FLOORS = every_fold(f"{SPLIT}.floor.csv")
DRAW = (
    " --config {input.config:q} --dataset {wildcards.dataset:q}"
    " --mapping {wildcards.mapping:q} > {log:q} 2>&1"
)


rule figures_scores:
    input:
        config=BENCHMARK,
        leaderboard="<results>/leaderboard.csv",
        runs="<results>/runs.csv",
        floors=FLOORS,
    output:
        figure(
            f"{MAPPED}/comparison", "Comparison", shows="accuracy, diversity, validity"
        ),
        figure(
            f"{MAPPED}/fidelity",
            "Comparison",
            shows="similarity to molecular dynamics",
        ),
        figure(f"{MAPPED}/cost", "Comparison", shows="accuracy against cost"),
    log:
        f"{MAPPED}/scores.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="figures-scores"),
    shell:
        f"python -m cgbench figures scores{DRAW}"


rule figures_samples:
    input:
        config=BENCHMARK,
        frames=f"{DATA}/frames.npz",
        split=SPLITS[0],
        floor=FLOORS[0],
        samples=run_files("samples.npz", fold=0),
        metrics=run_files("metrics.csv", fold=0),
        runs=run_files("run.json", fold=0),
    output:
        figure(f"{MAPPED}/ramachandran", "Torsions", shows="densities of all methods"),
        [
            path
            for method in (*CONFIG.run.methods, *CONFIG.entries)
            for path in (
                *figure(
                    f"{MAPPED}/ramachandran-{method}",
                    "Torsions",
                    "ramachandran-method",
                    shows=f"{method} against MD",
                ),
                *figure(
                    f"{MAPPED}/atoms-{method}",
                    "Errors of atoms",
                    "atoms",
                    method=method,
                ),
            )
        ],
    log:
        f"{MAPPED}/samples.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="figures-samples"),
    shell:
        f"python -m cgbench figures samples{DRAW}"


rule figures_distributions:
    input:
        config=BENCHMARK,
        frames=f"{DATA}/frames.npz",
        splits=SPLITS,
        scores=run_files("scores.npz"),
        runs=run_files("run.json"),
    output:
        figure(f"{MAPPED}/torsions", "Distributions", "distributions", shows="torsions"),
        figure(
            f"{MAPPED}/bonds", "Distributions", "distributions", shows="bond lengths"
        ),
        figure(
            f"{MAPPED}/angles", "Distributions", "distributions", shows="bond angles"
        ),
    log:
        f"{MAPPED}/distributions.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="figures-distributions"),
    shell:
        f"python -m cgbench figures distributions{DRAW}"


rule figures_training:
    input:
        config=BENCHMARK,
        histories=run_files("history.csv", TRAINED),
        runs=run_files("run.json", TRAINED),
    output:
        [
            path
            for method in CONFIG.run.methods
            if method in CONFIG.methods
            for path in figure(
                f"{MAPPED}/training-{method}", "Training", "training", method=method
            )
        ],
    log:
        f"{MAPPED}/training.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="figures-training"),
    shell:
        f"python -m cgbench figures training{DRAW}"


rule figures_mappings:
    input:
        config=BENCHMARK,
        frames=f"{DATA}/frames.npz",
        mappings=lambda wildcards: expand(
            f"{MAPPING}.json",
            dataset=wildcards.dataset,
            mapping=wildcards.mapping,
            n_beads=CONFIG.run.n_beads(wildcards.dataset, wildcards.mapping),
            fold=0,
        ),
    output:
        figure(f"{MAPPED}/mapping", "Tasks", shows="mapping on the bond graph"),
    log:
        f"{MAPPED}/mapping.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="figures-mappings"),
    shell:
        f"python -m cgbench figures mappings{DRAW}"


rule figures_trajectories:
    input:
        config=BENCHMARK,
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
    output:
        figure(f"{FIGURES}/walkers", "Tasks", shows="agreement of trajectories"),
        figure(f"{FIGURES}/rmsd-rg", "Tasks", shows="RMSD and radius of gyration"),
    log:
        f"{FIGURES}/trajectories.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="figures-trajectories"),
    shell:
        "python -m cgbench figures trajectories --config {input.config:q}"
        " --dataset {wildcards.dataset:q} > {log:q} 2>&1"


# Not part of `all`: snakemake <results>/figures/<dataset>/<mapping>/sweep-<setting>.svg
rule figures_sweep:
    input:
        config=BENCHMARK,
        floors=FLOORS,
        leaderboard="<results>/leaderboard.csv",
        runs=run_files("run.json"),
    output:
        figure(f"{MAPPED}/sweep-{{setting}}", "Settings", "sweep", setting="{setting}"),
    log:
        f"{MAPPED}/sweep-{{setting}}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="figures-sweep"),
    shell:
        f"python -m cgbench figures sweep --setting {{wildcards.setting:q}}{DRAW}"


rule figures:
    input:
        every_run(f"{MAPPED}/comparison.svg"),
        every_run(f"{MAPPED}/ramachandran.svg"),
        every_run(f"{MAPPED}/torsions.svg"),
    localrule: True


# Needs no training: fold 0, all resolutions.
rule mapping_pictures:
    input:
        every_run(f"{MAPPED}/mapping.svg"),
    localrule: True
