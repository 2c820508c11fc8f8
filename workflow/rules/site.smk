"""Everything that the benchmark wrote to a site for the browser."""

SITE_FILES = Path(SOURCE, "cgbench", "site")


rule site:
    input:
        # Pages, style and scripts, whose edit the hash of the code does not show.
        *sorted(map(str, SITE_FILES.glob("assets/*"))),
        *sorted(map(str, SITE_FILES.glob("templates/*"))),
        rules.noise_floors.input,
        rules.tables.input,
        rules.figures.input,
        config="<results>/config.json",
    output:
        directory("<results>/site"),
    log:
        "<results>/site.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code(verb="site"),
    shell:
        "python -m cgbench site --config {input.config:q} --output {output:q} > {log:q} 2>&1"
