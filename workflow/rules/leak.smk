"""What the published, shuffled split is worth: `snakemake --cores 8 leak`, not part of `all`."""

LEAK = "<results>/leak/{dataset}/{mapping}"
# Methods cheap enough to be trained twice per fold, one of which is all memory.
LEAK_METHODS = [
    name
    for name in ("nearest_frame", "conditional_gaussian", "linear", "mlp")
    if name in CONFIG.methods
]


rule measure_leak:
    input:
        frames=f"{DATA}/frames.npz",
        mappings=lambda wildcards: [
            MAPPING.format(**wildcards, fold=fold) + ".json"
            for fold in range(CONFIG.protocol.folds)
        ],
        sources=source_inputs(
            "methods",
            *(CONFIG.methods[name].use for name in LEAK_METHODS),
            verb="leak",
        ),
    output:
        table=f"{LEAK}-{{n_beads}}.csv",
        summary=report(
            f"{LEAK}-{{n_beads}}-summary.csv",
            caption="../report/leak_summary.rst",
            category="Leak",
            labels={
                "dataset": "{dataset}",
                "mapping": "{mapping}",
                "shows": "{n_beads} beads",
            },
        ),
    log:
        f"{LEAK}-{{n_beads}}.log",
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
            for name in LEAK_METHODS
            for text in ("--method", CONFIG.method(name, wildcards.dataset).to_json())
        ],
        protocol=json.dumps(CONFIG.protocol.model_dump(exclude={"split"})),
        seed=CONFIG.seed,
    shell:
        "python -m cgbench leak --frames {input.frames:q} {params.mappings:q} {params.methods:q}"
        " --protocol {params.protocol:q} --seed {params.seed:q} --threads {threads}"
        " --output {output.table:q} --summary {output.summary:q} > {log:q} 2>&1"


rule figure_leak:
    input:
        tables=lambda wildcards: [
            f"{LEAK}-{n_beads}.csv".format(**wildcards)
            for n_beads in CONFIG.run.n_beads(wildcards.dataset, wildcards.mapping)
        ],
        sources=source_inputs(verb="figure-leak"),
    output:
        svg=report(
            f"{FIGURES}/{{mapping}}/leak.svg",
            caption="../report/leak.rst",
            category="Leak",
            labels={
                "dataset": "{dataset}",
                "mapping": "{mapping}",
                "shows": "all resolutions",
            },
        ),
        png=f"{FIGURES}/{{mapping}}/leak.png",
    log:
        f"{FIGURES}/{{mapping}}/leak.log",
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
    shell:
        "python -m cgbench figure-leak {input.tables:q} {params.n_beads:q} --output {output.svg:q}"
        " --title {params.title:q} > {log:q} 2>&1"


rule leak:
    input:
        every_run(f"{FIGURES}/{{mapping}}/leak.svg"),
    localrule: True
