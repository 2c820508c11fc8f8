"""Published trajectories to files in the cache, for the datasets with `source: download`."""

# Datasets that differ in how they read a download share it. The manifest names the files with their
# checksums; the files themselves are no outputs, as Snakemake would delete what other runs share.
DOWNLOADS = {
    dataset.create().input_files()[0]: name
    for name, dataset in CONFIG.datasets.items()
    if dataset.use == "download"
}


for manifest, dataset in DOWNLOADS.items():

    # A download killed half-way goes on where it stopped when the rule runs again.
    rule:
        name:
            f"fetch_{dataset}"
        output:
            manifest=manifest,
        log:
            f"<results>/data/{dataset}/fetch.log",
        retries: 3
        localrule: True
        conda:
            "../../environment.yml"
        params:
            # What is read of a download repeats no download.
            spec=replace(
                CONFIG.datasets[dataset],
                name="download",
                settings=CONFIG.datasets[dataset].settings.fetched,
            ).to_json(),
        shell:
            "python -m cgbench fetch --source {params.spec:q} > {log:q} 2>&1"


# Archives of predictions, which entries may share.
ENTRY_DOWNLOADS = {
    str(download.manifest): (name, download)
    for name, entry in CONFIG.entries.items()
    if (download := download_of(entry))
}


for manifest, (entry, download) in ENTRY_DOWNLOADS.items():

    rule:
        name:
            f"fetch_entry_{entry}"
        output:
            manifest=manifest,
        log:
            f"<results>/entries/{entry}.log",
        retries: 3
        localrule: True
        conda:
            "../../environment.yml"
        params:
            spec=PlugIn("sources", "download", "download", download).to_json(),
        shell:
            "python -m cgbench fetch --source {params.spec:q} > {log:q} 2>&1"


rule fetch:
    input:
        list(ENTRY_DOWNLOADS),
        [
            file
            for dataset in CONFIG.run.datasets
            for file in CONFIG.datasets[dataset].create().input_files()
            if file in DOWNLOADS
        ],
    localrule: True
