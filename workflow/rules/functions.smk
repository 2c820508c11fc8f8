"""Functions from wildcards to inputs, outputs, parameters and resources, which rules share."""


def every_run(pattern, specs=None):
    """Paths of runs of the benchmark (all if none are given) in their order, without repetitions."""
    return list(
        dict.fromkeys(
            pattern.format(**vars(spec))
            for spec in (CONFIG.run_specs() if specs is None else specs)
        )
    )


def files_of(plug_in):
    """Files that a mapping is made from."""
    files = plug_in.create().input_files()
    for file in files:
        if re.search("[{}]", file):
            raise WorkflowError(
                f"{file}: Snakemake takes braces for wildcards; rename the file or folder, or link to it"
            )
    return files


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


def mapping_of(wildcards):
    """The mapping of a task."""
    return CONFIG.mapping(wildcards.mapping, wildcards.dataset, wildcards.n_beads)


def tuning_of(dataset):
    """The dataset from whose trajectories mappings of another one are learned, where it is defined."""
    name = f"{dataset}_tuning"
    return [name] if name in CONFIG.datasets else []


def every_fold(*patterns):
    """Paths of all folds; other wildcards stay."""
    return expand(patterns, fold=FOLDS, allow_missing=True)


FOLD_OPTIONS = [text for fold in FOLDS for text in ("--fold", str(fold))]


def fold_pattern(paths):
    """Parameter for a verb that takes several folds: the path of fold 0 with {fold} for the number."""
    head, _, tail = paths[0].rpartition("fold0")
    return f"{head}fold{{fold}}{tail}"


def code(*plug_ins, kind=None, verb=None):
    """Hash of the code of a verb and of plug-ins: as a parameter of a rule, an edit repeats its jobs."""
    files = {*plugin_files(kind, *plug_ins), *(verb_files(verb) if verb else ())}
    return code_hash(files)


def plug_ins_of(method, dataset=None):
    """Names of the plug-ins that a method of the configuration consists of."""
    plug_in = CONFIG.method(method, dataset)
    return plug_in.use, *load("methods", plug_in.use).made_of(plug_in.settings)


def method_code(wildcards):
    """Parameter function: hash of the code that a method consists of."""
    return code(*plug_ins_of(wildcards.method, wildcards.dataset), kind="methods")


def method_spec(wildcards):
    """Parameter function: a method with its settings, as the command line takes it."""
    return CONFIG.method(wildcards.method, wildcards.dataset).to_json()


def trained_method(wildcards):
    """Input function: model and run of the method that another one builds on, if the run has that method."""
    settings = CONFIG.method(wildcards.method, wildcards.dataset).settings
    if not isinstance(settings, NestedPlugInSettings):
        return []
    wanted = settings.inner()
    for name in CONFIG.run.methods:
        if name in CONFIG.methods:
            found = CONFIG.method(name, wildcards.dataset)
            if (found.use, found.settings) == (wanted.use, wanted.settings):
                folder = RUN.format(**{**wildcards, "method": name})
                return [f"{folder}/model.pt", f"{folder}/run.json"]
    return []


def trains_by_epochs(method):
    """Whether a method, or a part of it, is a network that trains for minutes."""
    return any(
        "epochs" in load("methods", name).Settings.model_fields
        for name in plug_ins_of(method)
    )


NETWORKS = [name for name in CONFIG.methods if trains_by_epochs(name)]
CLOSED_FORM = [name for name in CONFIG.methods if name not in NETWORKS]


def one_of(names):
    """Wildcard constraint: one of the names, or nothing if there are none."""
    return "|".join(names) or "(?!)"


def run_files(name, specs=None, **fixed):
    """Input function: file ``name`` of the runs that agree with the wildcards and ``fixed``."""

    def files(wildcards):
        wanted = dict(wildcards.items()) | fixed
        return [
            f"{RUN}/{name}".format(**vars(spec))
            for spec in (CONFIG.run_specs() if specs is None else specs)
            # A wildcard that is no property of a run, such as a setting, restricts nothing.
            if all(
                str(vars(spec).get(key, value)) == str(value)
                for key, value in wanted.items()
            )
        ]

    return files


def growing(amount):
    """Resource function: ``amount``, and as much again with every further attempt at the same job."""
    return lambda wildcards, attempt: amount * attempt


def gpus_of_a_job():
    """GPUs of a job that has a use for them; one where they are shared out."""
    return max(CONFIG.compute.gpus, 1 if "gpu" in workflow.global_resources else 0)


def gpus(wildcards):
    """Resource function: GPUs of a job of a method, none where the method has no use for them."""
    method = load("methods", CONFIG.methods[wildcards.method].use)
    return gpus_of_a_job() if method.uses_gpu() else 0


def figure(path, category, caption=None, **labels):
    """SVG, PNG and PDF of a figure; the report shows the SVG under its dataset, mapping and ``labels``."""
    name = caption or Path(path).name
    places = {key: f"{{{key}}}" for key in ("dataset", "mapping")}
    svg = report(
        f"{path}.svg",
        caption=f"../report/{name}.rst",
        category=category,
        labels={key: text for key, text in places.items() if text in path} | labels,
    )
    return [svg, f"{path}.png", f"{path}.pdf"]


def files_of_entry(wildcards):
    """Files of an entry that are on this machine; an archive counts by its manifest."""
    entry = CONFIG.entries[wildcards.method]
    given = [] if entry.url else [entry.path, *filter(None, [entry.topology])]
    return [
        *dict.fromkeys(
            str(entry_file(entry, path, **dict(wildcards.items()), fold=fold))
            for path in given
            for fold in FOLDS
        ),
        entry.card,
    ]


def manifest_of_entry(wildcards):
    """Input function: list of the files of an archive, for an entry with a URL."""
    download = download_of(CONFIG.entries[wildcards.method])
    return [str(download.manifest)] if download else []


def environment_of_program(wildcards):
    """Input function: the list of packages in the environment of a program, if it has one."""
    requirements = CONFIG.programs[wildcards.method].requirements()
    return ENVIRONMENT.format(environment=requirements[1]) if requirements else []
