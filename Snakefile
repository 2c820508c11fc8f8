"""Entry point of the workflow in workflow/Snakefile: `snakemake --cores 8 all`."""


include: "workflow/Snakefile"


# Snakemake takes no default target from an included file.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
