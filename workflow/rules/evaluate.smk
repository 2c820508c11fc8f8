"""Trained models to samples, samples to scores; a new metric repeats the second step alone."""


rule sample:
    input:
        models=every_fold(f"{RUN}/model.pt"),
        frames=f"{DATA}/frames.npz",
        splits=every_fold(f"{SPLIT}.json"),
    output:
        samples=every_fold(f"{RUN}/samples.npz"),
    log:
        f"{RUNS}/sample.log",
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
        n_samples=CONFIG.protocol.n_samples,
        seed=CONFIG.seed,
        device=CONFIG.compute.device,
        folds=FOLD_OPTIONS,
        models=lambda wildcards, input: fold_pattern(input.models),
        splits=lambda wildcards, input: fold_pattern(input.splits),
        path=lambda wildcards, output: fold_pattern(output.samples),
        code=code(verb="sample"),
    shell:
        "python -m cgbench sample --model {params.models:q} --frames {input.frames:q} --split {params.splits:q}"
        " --n-samples {params.n_samples:q} --seed {params.seed:q} {params.folds:q} --threads {threads}"
        " --device {params.device:q} --output {params.path:q} > {log:q} 2>&1"


rule score:
    input:
        samples=every_fold(f"{RUN}/samples.npz"),
        runs=every_fold(f"{RUN}/run.json"),
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
        splits=every_fold(f"{SPLIT}.json"),
        energies=every_fold(f"{SPLIT}.energies.csv"),
        mappings=every_fold(f"{MAPPING}.json"),
    output:
        metrics=every_fold(f"{RUN}/metrics.csv"),
        per_frame=every_fold(f"{RUN}/scores.npz"),
    log:
        f"{RUNS}/score.log",
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=gpus_of_a_job(),
    params:
        metrics=",".join(CONFIG.run.metrics),
        device=CONFIG.compute.device,
        folds=FOLD_OPTIONS,
        samples=lambda wildcards, input: fold_pattern(input.samples),
        runs=lambda wildcards, input: fold_pattern(input.runs),
        splits=lambda wildcards, input: fold_pattern(input.splits),
        energies=lambda wildcards, input: fold_pattern(input.energies),
        mappings=lambda wildcards, input: fold_pattern(input.mappings),
        path=lambda wildcards, output: fold_pattern(output.metrics),
        per_frame=lambda wildcards, output: fold_pattern(output.per_frame),
        code=code(*CONFIG.run.metrics, kind="metrics", verb="score"),
    shell:
        "python -m cgbench score --run {params.runs:q} --frames {input.frames:q} --split {params.splits:q}"
        " --mapping {params.mappings:q} --samples {params.samples:q} --metrics {params.metrics:q}"
        " --card {input.card:q} --energies {params.energies:q} {params.folds:q} --threads {threads}"
        " --device {params.device:q} --output {params.path:q} --per-frame {params.per_frame:q} > {log:q} 2>&1"


# MD against MD: what the score of any method is compared with. The energies of the test frames are those
# that samples of every method are compared with, so that they are minimised once.
rule noise_floor:
    input:
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
        splits=every_fold(f"{SPLIT}.json"),
    output:
        tables=every_fold(f"{SPLIT}.floor.csv"),
        energies=every_fold(f"{SPLIT}.energies.csv"),
    log:
        f"{DATA}/splits/floor.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        metrics=",".join(CONFIG.run.metrics),
        folds=FOLD_OPTIONS,
        splits=lambda wildcards, input: fold_pattern(input.splits),
        path=lambda wildcards, output: fold_pattern(output.tables),
        energies=lambda wildcards, output: fold_pattern(output.energies),
        code=code(*CONFIG.run.metrics, kind="metrics", verb="noise-floor"),
    shell:
        "python -m cgbench noise-floor --frames {input.frames:q} --split {params.splits:q}"
        " --metrics {params.metrics:q} --dataset {wildcards.dataset} --card {input.card:q} {params.folds:q}"
        " --output {params.path:q} --energies {params.energies:q} > {log:q} 2>&1"


rule noise_floors:
    input:
        expand(
            f"{SPLIT}.floor.csv",
            dataset=CONFIG.run.datasets,
            fold=FOLDS,
        ),
    localrule: True
