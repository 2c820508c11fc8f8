"""Effect of the shuffled split on scores: `snakemake --cores 8 leakage`; not part of `all`."""

LEAKAGE = "<results>/leakage/{dataset}/{mapping}"
# Inexpensive methods, since each is trained twice per fold. `nearest_frame` copies training frames, so it
# benefits most from leakage.
LEAKAGE_METHODS = [
    name
    for name in ("nearest_frame", "conditional_gaussian", "linear", "mlp")
    if name in CONFIG.methods
]


rule measure_leakage:
    input:
        frames=f"{DATA}/frames.npz",
        mappings=lambda wildcards: [
            MAPPING.format(**wildcards, fold=fold) + ".json"
            for fold in range(CONFIG.protocol.folds)
        ],
    output:
        table=f"{LEAKAGE}-{{n_beads}}.csv",
        summary=report(
            f"{LEAKAGE}-{{n_beads}}-summary.csv",
            caption="../report/leakage_summary.rst",
            category="Leakage",
            labels={
                "dataset": "{dataset}",
                "mapping": "{mapping}",
                "shows": "{n_beads} beads",
            },
        ),
    log:
        f"{LEAKAGE}-{{n_beads}}.log",
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(60),
    params:
        mappings=lambda wildcards, input: [
            text for path in input.mappings for text in ("--mapping", path)
        ],
        methods=lambda wildcards: [
            text
            for name in LEAKAGE_METHODS
            for text in ("--method", CONFIG.method(name, wildcards.dataset).to_json())
        ],
        protocol=json.dumps(CONFIG.protocol.model_dump(exclude={"split"})),
        seed=CONFIG.seed,
        code=code(
            *(CONFIG.methods[name].use for name in LEAKAGE_METHODS),
            kind="methods",
            verb="leakage",
        ),
    shell:
        "python -m cgbench leakage --frames {input.frames:q} {params.mappings:q} {params.methods:q}"
        " --protocol {params.protocol:q} --seed {params.seed:q} --threads {threads}"
        " --output {output.table:q} --summary {output.summary:q} > {log:q} 2>&1"


rule figures_leakage:
    input:
        tables=lambda wildcards: [
            f"{LEAKAGE}-{n_beads}.csv".format(**wildcards)
            for n_beads in CONFIG.run.n_beads(wildcards.dataset, wildcards.mapping)
        ],
    output:
        figure=figure(
            f"{FIGURES}/{{mapping}}/leakage", "Leakage", shows="all resolutions"
        ),
    log:
        f"{FIGURES}/{{mapping}}/leakage.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        n_beads=lambda wildcards: [
            text
            for n_beads in CONFIG.run.n_beads(wildcards.dataset, wildcards.mapping)
            for text in ("--n-beads", str(n_beads))
        ],
        title="{dataset}, mapping: {mapping}",
        code=code(verb="figures-leakage"),
    shell:
        "python -m cgbench figures leakage {input.tables:q} {params.n_beads:q} --output {output.figure[0]:q}"
        " --title {params.title:q} > {log:q} 2>&1"


rule leakage:
    input:
        every_run(f"{FIGURES}/{{mapping}}/leakage.svg"),
    localrule: True
