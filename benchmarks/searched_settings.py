"""Settings that were tried for each method, and their scores: the table of docs/search.md.

    snakemake --cores all tables --configfile config/search.yaml
    python benchmarks/searched_settings.py                    # results/search

Scores are means over folds. The setting with the lowest geometric mean over the molecules is bold; in that
mean they count the same, whatever their size. The settings of the default run are marked.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cgbench.config.loader import Config
from cgbench.results.tables import read_metrics, table_file

METRIC, ATOMS = "energy_score", "heavy"
DEFAULT = [Path(__file__).parents[1] / "config" / name for name in ("config.yaml", "simulations.yaml")]
TASK = ["dataset", "n_beads"]


def table(folder: Path) -> str:
    """Markdown: a row for every setting."""
    config = Config.load(folder / "config.json")
    scores = read_metrics(table_file(folder, "metrics.csv")).query("metric == @METRIC and atoms == @ATOMS")
    means = scores.pivot_table(index="method", columns=TASK, values="value")
    both = np.exp(np.log(means).mean(axis=1))
    heads = [f"{name.replace('_', ' ')}, {n} beads" for name, n in means.columns] + ["geometric mean"]
    lines = ["| method | settings | " + " | ".join(heads) + " |", "|---" * (2 + len(heads)) + "|"]
    tried, default = dict(_tried(config)), Config.load(*DEFAULT)
    for use in dict.fromkeys(use for use, _ in tried.values()):
        names = [name for name, (of, _) in tried.items() if of == use]
        for name in names:
            cells = [f"{value:.4f}" for value in (*means.loc[name], both[name])]
            cells[-1] = f"**{cells[-1]}**" if name == both[names].idxmin() else cells[-1]
            settings = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in tried[name][1].items())
            used = any(_has(default, other, use, tried[name][1]) for other in default.run.methods)
            lines.append(f"| `{use}` | {settings}{' (default)' * used} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _tried(config: Config) -> Iterator[tuple[str, tuple[str, dict[str, object]]]]:
    """Name of each method of the run, its generator, and the settings in which the methods of it differ."""
    dataset = config.run.datasets[0]
    specs = {name: config.method(name, dataset) for name in config.run.methods}
    settings = {name: spec.settings.model_dump() for name, spec in specs.items()}
    for name, spec in specs.items():
        alike = [settings[other] for other in specs if specs[other].use == spec.use]
        differing = [key for key in settings[name] if len({json.dumps(one[key]) for one in alike}) > 1]
        yield name, (spec.use, {key: settings[name][key] for key in differing})


def _has(config: Config, name: str, use: str, settings: dict[str, object]) -> bool:
    """Whether a method of a configuration has these settings."""
    spec = config.methods[name]
    return spec.use == use and settings.items() <= spec.settings.model_dump().items()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("results/search"))
    print(table(parser.parse_args().folder))
