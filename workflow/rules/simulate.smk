"""Trajectories the project makes itself: structure, independent walkers, one folder with a card."""

SIMULATION = "<results>/simulations/{name}"


wildcard_constraints:
    name=r"[A-Za-z0-9_]+",
    walker=r"\d+",


rule build_structure:
    output:
        pdb=f"{SIMULATION}/start.pdb",
    log:
        f"{SIMULATION}/start.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        # The same for every walker.
        recipe=lambda wildcards: CONFIG.simulations[wildcards.name]
        .of_walker(0)
        .to_json(),
    shell:
        "python -m cgbench build-structure --recipe {params.recipe:q} --output {output.pdb:q}"
        " > {log:q} 2>&1"


# A walker killed half-way goes on from its last checkpoint when the rule runs again.
rule simulate:
    input:
        structure=f"{SIMULATION}/start.pdb",
    output:
        xtc=f"{SIMULATION}/walker-{{walker}}.xtc",
    log:
        f"{SIMULATION}/walker-{{walker}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(600),
    params:
        # Prose and other walkers are left out: rewording a title, or adding walkers, repeats no simulation.
        recipe=lambda wildcards: CONFIG.simulations[wildcards.name]
        .of_walker(int(wildcards.walker))
        .to_json(),
    shell:
        "python -m cgbench simulate --recipe {params.recipe:q} --walker {wildcards.walker}"
        " --structure {input.structure:q} --output {output.xtc:q} --threads {threads} > {log:q} 2>&1"


rule bundle_simulation:
    input:
        structure=f"{SIMULATION}/start.pdb",
        walkers=lambda wildcards: expand(
            f"{SIMULATION}/walker-{{walker}}.xtc",
            name=wildcards.name,
            walker=range(CONFIG.simulations[wildcards.name].walkers),
        ),
    output:
        topology=f"{SIMULATION}/topology.pdb",
        card=f"{SIMULATION}/card.json",
    log:
        f"{SIMULATION}/bundle.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        recipe=lambda wildcards: CONFIG.simulations[wildcards.name].to_json(),
        directory=lambda wildcards, output: str(Path(output.card).parent),
        command=lambda wildcards, output: f"snakemake --cores 2 {output.card}",
    shell:
        "python -m cgbench bundle {input.walkers:q} --name {wildcards.name} --recipe {params.recipe:q}"
        " --structure {input.structure:q} --output {params.directory:q}"
        " --command {params.command:q} > {log:q} 2>&1"


rule simulations:
    input:
        expand("<results>/simulations/{name}/card.json", name=CONFIG.simulations),
    localrule: True
