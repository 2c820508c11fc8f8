"""Atoms to beads."""


rule map:
    input:
        frames=f"{DATA}/frames.npz",
        split=f"{SPLIT}.json",
        files=lambda wildcards: CONFIG.mappings[wildcards.mapping]
        .create()
        .input_files(),
        sources=lambda wildcards: source_inputs(
            "mapping", CONFIG.mappings[wildcards.mapping].use
        ),
    output:
        mapping=f"{MAPPING}.json",
    log:
        f"{MAPPING}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=lambda wildcards: CONFIG.mappings[wildcards.mapping].to_json(),
        seed=CONFIG.seed,
    shell:
        "python -m cgbench map --frames {input.frames:q} --split {input.split:q} --mapping {params.spec:q}"
        " --n-beads {wildcards.n_beads} --seed {params.seed:q} --output {output.mapping:q} > {log:q} 2>&1"
