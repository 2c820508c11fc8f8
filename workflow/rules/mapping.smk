"""Atoms to beads."""


rule map:
    input:
        frames=f"{DATA}/frames.npz",
        splits=every_fold(f"{SPLIT}.json"),
        files=lambda wildcards: files_of(mapping_of(wildcards)),
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
        spec=lambda wildcards: mapping_of(wildcards).to_json(),
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


# To be raised whenever the frames, the folds or a mapping of a stored task change.
TASK_VERSION = 4


# The stored tasks in workflow/resources/tasks are copies of what this makes.
rule learn_task:
    input:
        frames=f"{DATA}/frames.npz",
        tuning=lambda wildcards: [
            f"<results>/data/{name}/frames.npz"
            for name in tuning_of(wildcards.dataset)
        ],
    output:
        folder=directory("<results>/tasks/{dataset}"),
    log:
        "<results>/tasks/{dataset}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=lambda wildcards: CONFIG.mappings["cgae_learned"].to_json(),
        n_beads=lambda wildcards: [
            text
            for n_beads in CONFIG.run.n_beads(wildcards.dataset, "cgae")
            for text in ("--n-beads", str(n_beads))
        ],
        tuning=lambda wildcards, input: [
            text
            for path, name in zip(input.tuning, tuning_of(wildcards.dataset))
            for text in ("--tuning", path, "--tuning-dataset", name)
        ],
        protocol=json.dumps(CONFIG.protocol.model_dump(exclude={"n_samples"})),
        seed=CONFIG.seed,
        version=TASK_VERSION,
        code=code("cgae", kind="mapping", verb="task-store"),
    shell:
        "python -m cgbench task store --frames {input.frames:q} --dataset {wildcards.dataset} --mapping {params.spec:q}"
        " {params.n_beads:q} {params.tuning:q} --protocol {params.protocol:q} --seed {params.seed:q}"
        " --task-version {params.version} --output {output.folder:q} > {log:q} 2>&1"


rule tasks:
    input:
        expand("<results>/tasks/{dataset}", dataset=CONFIG.run.datasets),
    localrule: True
