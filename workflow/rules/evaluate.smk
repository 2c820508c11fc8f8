"""Trained models to samples, samples to scores; a new metric repeats the second step alone."""


rule sample:
    input:
        model=f"{RUN}/model.pt",
        frames=f"{DATA}/frames.npz",
        split=f"{SPLIT}.json",
        sources=source_inputs(verb="sample"),
    output:
        samples=f"{RUN}/samples.npz",
    log:
        f"{RUN}/sample.log",
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
    shell:
        "python -m cgbench sample --model {input.model:q} --frames {input.frames:q} --split {input.split:q}"
        " --n-samples {params.n_samples:q} --seed {params.seed:q} --fold {wildcards.fold} --threads {threads}"
        " --device {params.device:q} --output {output.samples:q} > {log:q} 2>&1"


rule score:
    input:
        samples=f"{RUN}/samples.npz",
        run=f"{RUN}/run.json",
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
        split=f"{SPLIT}.json",
        mapping=f"{MAPPING}.json",
        sources=source_inputs("metrics", *CONFIG.run.metrics, verb="score"),
    output:
        metrics=f"{RUN}/metrics.csv",
        per_frame=f"{RUN}/scores.npz",
    log:
        f"{RUN}/score.log",
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
        gpu=gpus_of_a_job(),
    params:
        metrics=",".join(CONFIG.run.metrics),
        device=CONFIG.compute.device,
    shell:
        "python -m cgbench score --run {input.run:q} --frames {input.frames:q} --split {input.split:q}"
        " --mapping {input.mapping:q} --samples {input.samples:q} --metrics {params.metrics:q}"
        " --card {input.card:q} --threads {threads} --device {params.device:q} --output {output.metrics:q}"
        " --per-frame {output.per_frame:q} > {log:q} 2>&1"


# Of a dataset and fold alone: what a score of any method is to be compared with.
rule noise_floor:
    input:
        frames=f"{DATA}/frames.npz",
        card=f"{DATA}/card.json",
        split=f"{SPLIT}.json",
        sources=source_inputs("metrics", *CONFIG.run.metrics, verb="noise-floor"),
    output:
        table=f"{SPLIT}.floor.csv",
    log:
        f"{SPLIT}.floor.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        metrics=",".join(CONFIG.run.metrics),
    shell:
        "python -m cgbench noise-floor --frames {input.frames:q} --split {input.split:q}"
        " --metrics {params.metrics:q} --dataset {wildcards.dataset} --card {input.card:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule noise_floors:
    input:
        expand(
            f"{SPLIT}.floor.csv",
            dataset=CONFIG.run.datasets,
            fold=range(CONFIG.protocol.folds),
        ),
    localrule: True
