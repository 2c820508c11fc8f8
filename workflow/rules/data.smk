"""Trajectories to checked frames, and frames to training, validation and test parts."""

from cgbench.core.content_hash import content_hash


def source_files(dataset, made):
    """Files of a dataset that rules make or that are missing, or those that are given."""

    def is_made(file):
        return file in DOWNLOADS or Path(file).resolve().is_relative_to(
            Path(CONFIG.results).resolve()
        )

    return [
        file
        for file in CONFIG.datasets[dataset].create().input_files()
        if (is_made(file) or not Path(file).is_file()) == made
    ]


def content_of_source(wildcards):
    """Parameter function: hash of the content of the given files of a dataset."""
    files = source_files(wildcards.dataset, made=False)
    return content_hash(files, Path(CONFIG.results) / "data" / "checksums.json")


def memory_of_prepare(wildcards, attempt):
    """Resource function: trajectories are compressed about threefold and held twice."""
    # The size of downloads is not known.
    size = sum(
        Path(file).stat().st_size
        for file in source_files(wildcards.dataset, made=False)
    )
    return attempt * max(4000, CONFIG.compute.memory_mb, int(8 * size / 1e6))


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
