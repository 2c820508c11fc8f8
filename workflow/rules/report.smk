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
        # A function, because braces in the configuration are no wildcards.
        config=lambda wildcards: SETTINGS,
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


rule tables:
    input:
        "<results>/metrics.csv",
        "<results>/runs.csv",
        "<results>/leaderboard.csv",
        every_run(f"{FIGURES}/rmsd-rg.svg"),
        every_run(f"{FIGURES}/walkers.svg"),
        every_run(f"{FIGURES}/{{mapping}}/mapping.svg"),
        every_run(f"{FIGURES}/{{mapping}}/training-{{method}}.svg", TRAINED),
    localrule: True
