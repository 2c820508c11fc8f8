"""Trajectories to checked frames, and frames to training, validation and test parts."""

from snakemake.io import contains_wildcard

from cgbench.core.content_hash import content_hash


def source_files(dataset, made):
    """Files of a dataset that rules make, or those that are given."""

    def is_made(file):
        return file in DOWNLOADS or Path(file).resolve().is_relative_to(
            Path(CONFIG.results).resolve()
        )

    files = CONFIG.datasets[dataset].create().input_files()
    return [file for file in files if is_made(file) == made]


# Files that rules make need not exist yet when jobs are planned, so that their times decide. For given files
# it is their content: times say nothing of a file that was replaced by an older one, or only touched.
rule prepare:
    input:
        made=lambda wildcards: source_files(wildcards.dataset, made=True),
        # A name with braces would be taken for a pattern; the content of the file counts all the same.
        given=lambda wildcards: [
            ancient(file)
            for file in source_files(wildcards.dataset, made=False)
            if not contains_wildcard(file)
        ],
    output:
        frames=f"{DATA}/frames.npz",
        topology=f"{DATA}/topology.pdb",
        card=f"{DATA}/card.json",
    log:
        f"{DATA}/prepare.log",
    conda:
        "../../environment.yml"
    resources:
        # Trajectories are compressed about threefold and held twice. The size of downloads is not known.
        mem_mb=growing(max(4000, CONFIG.compute.memory_mb), per_mb=8),
        runtime=growing(60),
    params:
        spec=lambda wildcards: CONFIG.datasets[wildcards.dataset].to_json(),
        directory=lambda wildcards, output: str(Path(output.frames).parent),
        content=lambda wildcards: content_hash(
            source_files(wildcards.dataset, made=False),
            Path(CONFIG.results) / "data" / "checksums.json",
        ),
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
