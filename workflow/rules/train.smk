"""One method, one task, one fold at a time."""


rule train:
    input:
        frames=f"{DATA}/frames.npz",
        split=f"{SPLIT}.json",
        mapping=f"{MAPPING}.json",
        sources=method_sources,
    output:
        model=f"{RUN}/model.pt",
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.json",
    log:
        f"{RUN}/train.log",
    benchmark:
        f"{RUN}/train.benchmark.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(CONFIG.compute.runtime_min),
        gpu=gpus,
    params:
        spec=lambda wildcards: CONFIG.method(
            wildcards.method, wildcards.dataset
        ).to_json(),
        seed=CONFIG.seed,
        device=CONFIG.compute.device,
        directory=lambda wildcards, output: str(Path(output.model).parent),
    shell:
        "python -m cgbench train --frames {input.frames:q} --split {input.split:q}"
        " --mapping {input.mapping:q} --method {params.spec:q} --seed {params.seed:q}"
        " --fold {wildcards.fold} --dataset {wildcards.dataset} --mapping-name {wildcards.mapping}"
        " --threads {threads} --device {params.device:q} --output {params.directory:q} > {log:q} 2>&1"


rule models:
    input:
        every_run(f"{RUN}/model.pt"),
    localrule: True
