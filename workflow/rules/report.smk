"""Stored results to tables, figures and the report; nothing here retrains or samples again."""


report: "../report/workflow.rst"


FIGURES = "<results>/figures/{dataset}"


rule settings:
    output:
        config="<results>/config.json",
    log:
        "<results>/config.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        config=SETTINGS,
    shell:
        "printf '%s\n' {params.config:q} > {output.config:q} 2> {log:q}"


rule collect:
    input:
        config="<results>/config.json",
        metrics=every_run(f"{RUN}/metrics.csv"),
        runs=every_run(f"{RUN}/run.json"),
    output:
        metrics=report(
            "<results>/metrics.csv",
            caption="../report/metrics.rst",
            category="Tables",
            labels={"table": "all scores"},
        ),
        runs=report(
            "<results>/runs.csv",
            caption="../report/runs.rst",
            category="Tables",
            labels={"table": "cost of all runs"},
        ),
    log:
        "<results>/collect.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="collect"),
    shell:
        "python -m cgbench collect --config {input.config:q} --metrics-output {output.metrics:q}"
        " --runs-output {output.runs:q} > {log:q} 2>&1"


rule intervals:
    input:
        config="<results>/config.json",
        scores=every_run(f"{RUN}/scores.npz"),
        runs=every_run(f"{RUN}/run.json"),
    output:
        scores=report(
            "<results>/intervals.csv",
            caption="../report/intervals.rst",
            category="Tables",
            labels={"table": "confidence intervals"},
        ),
        differences=report(
            "<results>/differences.csv",
            caption="../report/differences.rst",
            category="Tables",
            labels={"table": "differences between methods"},
        ),
    log:
        "<results>/intervals.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code(verb="intervals"),
    shell:
        "python -m cgbench intervals --config {input.config:q} --output {output.scores:q}"
        " --differences {output.differences:q} > {log:q} 2>&1"


rule leaderboard:
    input:
        intervals="<results>/intervals.csv",
        differences="<results>/differences.csv",
        runs="<results>/runs.csv",
    output:
        csv=report(
            "<results>/leaderboard.csv",
            caption="../report/leaderboard.rst",
            category="Tables",
            labels={"table": "leaderboard"},
        ),
        markdown=report(
            "<results>/leaderboard.md",
            caption="../report/leaderboard.rst",
            category="Tables",
            labels={"table": "leaderboard, to read"},
        ),
    log:
        "<results>/leaderboard.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=code(verb="leaderboard"),
    shell:
        "python -m cgbench leaderboard --intervals {input.intervals:q} --differences {input.differences:q}"
        " --runs {input.runs:q} --csv {output.csv:q} --markdown {output.markdown:q} > {log:q} 2>&1"


rule figure_training:
    input:
        histories=run_files("history.csv"),
        runs=run_files("run.json"),
    output:
        svg=report(
            f"{FIGURES}/{{mapping}}/training-{{method}}.svg",
            caption="../report/training.rst",
            category="Training",
            labels={
                "dataset": "{dataset}",
                "mapping": "{mapping}",
                "method": "{method}",
            },
        ),
        png=f"{FIGURES}/{{mapping}}/training-{{method}}.png",
    log:
        f"{FIGURES}/{{mapping}}/training-{{method}}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        runs=directories("runs"),
        code=code(verb="figure-training"),
    shell:
        "python -m cgbench figure-training {params.runs:q} --output {output.svg:q} > {log:q} 2>&1"


rule figure_mapping:
    input:
        frames=f"{DATA}/frames.npz",
        mappings=lambda wildcards: expand(
            f"{MAPPING}.json",
            dataset=wildcards.dataset,
            mapping=wildcards.mapping,
            n_beads=CONFIG.run.n_beads(wildcards.dataset, wildcards.mapping),
            fold=0,
        ),
    output:
        svg=report(
            f"{FIGURES}/{{mapping}}/mapping.svg",
            caption="../report/mapping.rst",
            category="Tasks",
            labels={"dataset": "{dataset}", "shows": "mapping {mapping}"},
        ),
        png=f"{FIGURES}/{{mapping}}/mapping.png",
    log:
        f"{FIGURES}/{{mapping}}/mapping.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        title="{dataset}, mapping: {mapping}",
        code=code(verb="figure-mapping"),
    shell:
        "python -m cgbench figure-mapping --frames {input.frames:q} {input.mappings:q}"
        " --title {params.title:q} --output {output.svg:q} > {log:q} 2>&1"


rule figure_mapping_view:
    input:
        frames=f"{DATA}/frames.npz",
        mappings=rules.figure_mapping.input.mappings,
    output:
        svg=report(
            f"{FIGURES}/{{mapping}}/mapping-view.svg",
            caption="../report/mapping-view.rst",
            category="Tasks",
            labels={"dataset": "{dataset}", "shows": "mapping {mapping} in space"},
        ),
        png=f"{FIGURES}/{{mapping}}/mapping-view.png",
    log:
        f"{FIGURES}/{{mapping}}/mapping-view.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        title="{dataset}, mapping: {mapping}",
        code=code(verb="figure-mapping-view"),
    shell:
        "python -m cgbench figure-mapping-view --frames {input.frames:q} {input.mappings:q}"
        " --title {params.title:q} --output {output.svg:q} > {log:q} 2>&1"


rule figure_walkers:
    input:
        frames=f"{DATA}/frames.npz",
    output:
        svg=report(
            f"{FIGURES}/walkers.svg",
            caption="../report/walkers.rst",
            category="Tasks",
            labels={"dataset": "{dataset}", "shows": "agreement of trajectories"},
        ),
        png=f"{FIGURES}/walkers.png",
    log:
        f"{FIGURES}/walkers.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="figure-walkers"),
    shell:
        "python -m cgbench figure-walkers --frames {input.frames:q} --title {wildcards.dataset}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule figure_shape:
    input:
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
    output:
        svg=report(
            f"{FIGURES}/shape.svg",
            caption="../report/shape.rst",
            category="Tasks",
            labels={"dataset": "{dataset}", "shows": "shape of trajectories"},
        ),
        png=f"{FIGURES}/shape.png",
    log:
        f"{FIGURES}/shape.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="figure-shape"),
    shell:
        "python -m cgbench figure-shape --frames {input.frames:q} --card {input.card:q}"
        " --title {wildcards.dataset} --output {output.svg:q} > {log:q} 2>&1"


rule report:
    input:
        "<results>/metrics.csv",
        "<results>/runs.csv",
        "<results>/leaderboard.csv",
        every_run(f"{FIGURES}/shape.svg"),
        every_run(f"{FIGURES}/walkers.svg"),
        every_run(f"{FIGURES}/{{mapping}}/mapping.svg"),
        every_run(f"{FIGURES}/{{mapping}}/mapping-view.svg"),
        every_run(f"{FIGURES}/{{mapping}}/training-{{method}}.svg"),
    localrule: True


# The tasks alone, which need no training: one fold, all resolutions.
rule mapping_pictures:
    input:
        every_run(f"{FIGURES}/{{mapping}}/mapping.svg"),
        every_run(f"{FIGURES}/{{mapping}}/mapping-view.svg"),
    localrule: True
