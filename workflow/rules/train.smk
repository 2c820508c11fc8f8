"""Training: networks one fold per job, other methods all folds of a task and their samples in one."""


rule train:
    input:
        frames=f"{DATA}/frames.npz",
        split=f"{SPLIT}.json",
        mapping=f"{MAPPING}.json",
        trained=trained_method,
    output:
        model=f"{RUN}/model.pt",
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.json",
    log:
        f"{RUN}/train.log",
    benchmark:
        f"{RUN}/train.benchmark.tsv"
    wildcard_constraints:
        method=one_of(NETWORKS),
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(CONFIG.compute.runtime_min),
        gpu=gpus,
    params:
        spec=method_spec,
        seed=CONFIG.seed,
        device=CONFIG.compute.device,
        directory=lambda wildcards, output: str(Path(output.model).parent),
        trained=lambda wildcards, input: [
            text for path in input.trained[:1] for text in ("--trained", path)
        ],
        code=method_code,
    shell:
        "python -m cgbench train --frames {input.frames:q} --split {input.split:q}"
        " --mapping {input.mapping:q} --method {params.spec:q} --seed {params.seed:q}"
        " --fold {wildcards.fold} --dataset {wildcards.dataset} --mapping-name {wildcards.mapping}"
        " --threads {threads} --device {params.device:q} {params.trained:q} --output {params.directory:q}"
        " > {log:q} 2>&1"


# Both take less time than Python needs to start, so that a job for each run would do little else.
rule train_and_sample:
    input:
        frames=f"{DATA}/frames.npz",
        splits=every_fold(f"{SPLIT}.json"),
        mappings=every_fold(f"{MAPPING}.json"),
    output:
        models=every_fold(f"{RUN}/model.pt"),
        others=every_fold(f"{RUN}/history.csv", f"{RUN}/run.json"),
        samples=every_fold(f"{RUN}/samples.npz"),
    log:
        f"{RUNS}/train.log",
    benchmark:
        f"{RUNS}/train.benchmark.tsv"
    wildcard_constraints:
        method=one_of(CLOSED_FORM),
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(CONFIG.compute.runtime_min),
    params:
        spec=method_spec,
        seed=CONFIG.seed,
        n_samples=CONFIG.protocol.n_samples,
        folds=FOLD_OPTIONS,
        splits=lambda wildcards, input: fold_pattern(input.splits),
        mappings=lambda wildcards, input: fold_pattern(input.mappings),
        directory=lambda wildcards, output: str(
            Path(fold_pattern(output.models)).parent
        ),
        code=lambda wildcards: method_code(wildcards) + code(verb="sample"),
    shell:
        "python -m cgbench train --frames {input.frames:q} --split {params.splits:q}"
        " --mapping {params.mappings:q} --method {params.spec:q} --seed {params.seed:q} {params.folds:q}"
        " --dataset {wildcards.dataset} --mapping-name {wildcards.mapping} --threads {threads}"
        " --device cpu --n-samples {params.n_samples} --output {params.directory:q} > {log:q} 2>&1"


rule models:
    input:
        every_run(f"{RUN}/model.pt", TRAINED),
    localrule: True
