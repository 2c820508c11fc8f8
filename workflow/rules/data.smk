"""Trajectories to checked frames, and frames to training, validation and test parts."""


rule prepare:
    input:
        files=lambda wildcards: CONFIG.datasets[wildcards.dataset]
        .create()
        .input_files(),
        sources=lambda wildcards: source_inputs(
            "sources", CONFIG.datasets[wildcards.dataset].use, verb="prepare"
        ),
    output:
        frames=f"{DATA}/frames.npz",
        topology=f"{DATA}/topology.pdb",
        card=f"{DATA}/card.json",
    log:
        f"{DATA}/prepare.log",
    conda:
        "../../environment.yml"
    resources:
        # Trajectories are compressed threefold or so, and held twice. How large downloads are is not known.
        mem_mb=growing(max(4000, CONFIG.compute.memory_mb), per_mb=8),
        runtime=growing(60),
    params:
        spec=lambda wildcards: CONFIG.datasets[wildcards.dataset].to_json(),
        directory=lambda wildcards, output: str(Path(output.frames).parent),
    shell:
        "python -m cgbench prepare --source {params.spec:q} --output {params.directory:q} > {log:q} 2>&1"


rule split:
    input:
        frames=f"{DATA}/frames.npz",
        sources=source_inputs(verb="split"),
    output:
        split=f"{SPLIT}.json",
    log:
        f"{SPLIT}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        # Drawing more samples changes no split.
        protocol=json.dumps(CONFIG.protocol.model_dump(exclude={"n_samples"})),
        seed=CONFIG.seed,
    shell:
        "python -m cgbench split --frames {input.frames:q} --protocol {params.protocol:q}"
        " --seed {params.seed:q} --fold {wildcards.fold} --output {output.split:q} > {log:q} 2>&1"


rule data:
    input:
        expand("<results>/data/{dataset}/card.json", dataset=CONFIG.run.datasets),
    localrule: True
