"""Trajectories to checked frames, and frames to training, validation and test parts."""


rule prepare:
    input:
        # Given files count by their content, which is a parameter. Times say nothing of a file that was
        # replaced by an older one or copied from a machine with another clock.
        made=lambda wildcards: source_files(wildcards.dataset, made=True),
    output:
        frames=f"{DATA}/frames.npz",
        topology=f"{DATA}/topology.pdb",
        card=f"{DATA}/card.json",
    log:
        f"{DATA}/prepare.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory_of_prepare,
        runtime=growing(60),
    params:
        spec=lambda wildcards: CONFIG.datasets[wildcards.dataset].to_json(),
        directory=lambda wildcards, output: str(Path(output.frames).parent),
        content=content_of_source,
        code=lambda wildcards: code(
            CONFIG.datasets[wildcards.dataset].use, kind="sources", verb="prepare"
        ),
    shell:
        "python -m cgbench prepare --source {params.spec:q} --output {params.directory:q} > {log:q} 2>&1"


rule split:
    input:
        frames=f"{DATA}/frames.npz",
    output:
        splits=every_fold(f"{SPLIT}.json"),
    log:
        f"{DATA}/splits/split.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        # Drawing more samples changes no split.
        protocol=json.dumps(CONFIG.protocol.model_dump(exclude={"n_samples"})),
        seed=CONFIG.seed,
        folds=FOLD_OPTIONS,
        path=lambda wildcards, output: fold_pattern(output.splits),
        code=code(verb="split"),
    shell:
        "python -m cgbench split --frames {input.frames:q} --protocol {params.protocol:q}"
        " --seed {params.seed:q} {params.folds:q} --output {params.path:q} > {log:q} 2>&1"


rule data:
    input:
        expand("<results>/data/{dataset}/card.json", dataset=CONFIG.run.datasets),
    localrule: True
