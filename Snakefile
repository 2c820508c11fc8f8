"""The benchmark as a workflow: `snakemake --cores all all`; see `snakemake --list` for other targets."""

from snakemake.utils import min_version

# Path variables such as <results>, which the rules are written with.
min_version("9.20")


configfile: "config/config.yaml"
configfile: "config/simulations.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/mapping.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/leak.smk"


# A limit of jobs per timespan, which Snakemake sets by default, makes it start a timer in every round of
# scheduling, each of which ends in another round: after some hundred jobs they keep a core busy. On one
# machine nothing is submitted, and nothing needs the limit.
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


rule all:
    default_target: True
    input:
        rules.data.input,
        rules.noise_floors.input,
        rules.report.input,
        rules.figures.input,
    localrule: True
