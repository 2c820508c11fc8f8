"""Everything that the benchmark wrote to a site for the browser."""

# Pages, style and scripts, which the hash of the code leaves out.
SITE_FILES = [
    *(PACKAGE / "site" / "assets").iterdir(),
    *(PACKAGE / "site" / "templates").iterdir(),
]


rule site:
    input:
        rules.noise_floors.input,
        rules.tables.input,
        rules.figures.input,
        config=BENCHMARK,
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
        pages=sorted(sha256(path) for path in SITE_FILES),
    shell:
        "python -m cgbench site --config {input.config:q} --output {output:q} > {log:q} 2>&1"
