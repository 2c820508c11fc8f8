"""Predictions of other methods as samples, which are scored like those of the methods here."""


rule read_predictions:
    input:
        manifest=manifest_of_entry,
        frames=f"{DATA}/frames.npz",
        splits=every_fold(f"{SPLIT}.json"),
        mappings=every_fold(f"{MAPPING}.json"),
    output:
        runs=every_fold(f"{RUN}/run.json"),
        samples=every_fold(f"{RUN}/samples.npz"),
    log:
        f"{RUNS}/read.log",
    wildcard_constraints:
        method=one_of(CONFIG.entries),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=lambda wildcards: CONFIG.entries[wildcards.method].to_json(),
        # Files count by their content, as those of datasets do.
        content=lambda wildcards: content_hash(
            files_of_entry(wildcards),
            Path(CONFIG.results) / "entries" / "checksums.json",
        ),
        n_samples=CONFIG.protocol.n_samples,
        folds=FOLD_OPTIONS,
        splits=lambda wildcards, input: fold_pattern(input.splits),
        mappings=lambda wildcards, input: fold_pattern(input.mappings),
        directory=lambda wildcards, output: str(Path(fold_pattern(output.runs)).parent),
        code=code(verb="read-predictions"),
    shell:
        "python -m cgbench read-predictions --entry {params.spec:q} --name {wildcards.method}"
        " --frames {input.frames:q} --split {params.splits:q} --mapping {params.mappings:q}"
        " --dataset {wildcards.dataset} --mapping-name {wildcards.mapping} --n-samples {params.n_samples}"
        " {params.folds:q} --output {params.directory:q} > {log:q} 2>&1"
