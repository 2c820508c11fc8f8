"""Atoms to beads."""


rule map:
    input:
        frames=f"{DATA}/frames.npz",
        splits=every_fold(f"{SPLIT}.json"),
        files=lambda wildcards: files_of(CONFIG.mappings[wildcards.mapping]),
    output:
        mappings=every_fold(f"{MAPPING}.json"),
    log:
        f"{MAPPINGS}/map.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=lambda wildcards: CONFIG.mappings[wildcards.mapping].to_json(),
        seed=CONFIG.seed,
        folds=FOLD_OPTIONS,
        splits=lambda wildcards, input: fold_pattern(input.splits),
        path=lambda wildcards, output: fold_pattern(output.mappings),
        code=lambda wildcards: code(
            CONFIG.mappings[wildcards.mapping].use, kind="mapping"
        ),
    shell:
        "python -m cgbench map --frames {input.frames:q} --split {params.splits:q} --mapping {params.spec:q}"
        " --n-beads {wildcards.n_beads} --seed {params.seed:q} {params.folds:q} --output {params.path:q}"
        " > {log:q} 2>&1"
