"""Programs in environments of their own, which read beads and write atoms."""

try:
    REQUIREMENTS = {
        name: str(path)
        for path, name in filter(
            None, (program.requirements() for program in CONFIG.programs.values())
        )
    }
except InputError as error:
    raise WorkflowError(str(error))
ENVIRONMENT = "<results>/environments/{environment}/installed.txt"


# The name of an environment follows from the content of its requirements, so that programs share it.
rule build_environment:
    output:
        ENVIRONMENT,
    log:
        "<results>/environments/{environment}.log",
    wildcard_constraints:
        environment=one_of(REQUIREMENTS),
    conda:
        "../../environment.yml"
    params:
        requirements=lambda wildcards: REQUIREMENTS[wildcards.environment],
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m cgbench build-environment --requirements {params.requirements:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule run_program:
    input:
        environment=environment_of_program,
        frames=f"{DATA}/frames.npz",
        split=f"{SPLIT}.json",
        mapping=f"{MAPPING}.json",
    output:
        run=f"{RUN}/run.json",
        samples=f"{RUN}/samples.npz",
    log:
        f"{RUN}/run.log",
    wildcard_constraints:
        method=one_of(CONFIG.programs),
    conda:
        "../../environment.yml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(CONFIG.compute.runtime_min),
        gpu=gpus_of_a_job(),
    params:
        spec=lambda wildcards: CONFIG.programs[wildcards.method].to_json(),
        content=lambda wildcards: content_hash(
            CONFIG.programs[wildcards.method].files(),
            Path(CONFIG.results) / "environments" / "checksums.json",
        ),
        environment=lambda wildcards, input: (
            ["--environment", str(Path(input.environment).parent)]
            if input.environment
            else []
        ),
        seed=CONFIG.seed,
        n_samples=CONFIG.protocol.n_samples,
        directory=lambda wildcards, output: str(Path(output.run).parent),
        code=code(verb="run-program"),
    shell:
        "python -m cgbench run-program --program {params.spec:q} --name {wildcards.method}"
        " --frames {input.frames:q} --split {input.split:q} --mapping {input.mapping:q}"
        " --dataset {wildcards.dataset} --mapping-name {wildcards.mapping} --n-samples {params.n_samples}"
        " --seed {params.seed} --threads {threads} {params.environment:q} --fold {wildcards.fold}"
        " --output {params.directory:q} > {log:q} 2>&1"
