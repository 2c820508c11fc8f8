"""CGVAE of a run beside the published one, alanine dipeptide: the table of docs/results.md.

    python benchmarks/published_numbers.py                        # results/reference/resolutions
    python benchmarks/published_numbers.py results/resolutions    # the folder of any finished run

Published are means over folds, of frames in explicit water with mappings of their own (the table in the
authors' repository; Wang et al., arXiv 2201.12176): comparable in kind, not to the last digit. The
published reconstruction is drawn from the posterior and pooled over frames, as `rmsd_recon_legacy` is;
`rmsd_recon` is neither. Torsions and chirality are not published; beside the first stands what molecular
dynamics scores against itself.
"""

import argparse
from pathlib import Path

import pandas as pd

from cgbench.results.tables import table_file

RESOLUTIONS = (3, 4, 5, 6, 8, 10, 12)
PUBLISHED = {
    ("rmsd_recon", "heavy"): (0.21, 0.115, 0.145, 0.110, 0.080, 0.068, 0.063),
    ("rmsd_recon", "all"): (0.530, 0.128, 0.160, 0.119, 0.090, 0.080, 0.071),
    ("rmsd_recon_legacy", "heavy"): (0.21, 0.115, 0.145, 0.110, 0.080, 0.068, 0.063),
    ("rmsd_recon_legacy", "all"): (0.530, 0.128, 0.160, 0.119, 0.090, 0.080, 0.071),
    ("rmsd_sample", "heavy"): (0.213, 0.198, 0.146, 0.108, 0.058, 0.043, 0.039),
    ("rmsd_sample", "all"): (0.427, 0.282, 0.193, 0.125, 0.074, 0.061, 0.044),
    ("graph_xor", "heavy"): (0.002, 0.002, 0.001, 0.0, 0.0, 0.0, 0.0),
    ("graph_xor", "all"): (0.042, 0.010, 0.010, 0.004, 0.005, 0.001, 0.0),
}
NOT_PUBLISHED = (("phi_psi_jsd", "all"), ("chirality_right", "all"))
METHOD, DATASET, MAPPING = "cgvae", "alanine_dipeptide", "cgae"


def table(folder: Path) -> str:
    """Markdown: a row for every score, with the published one below it."""
    scores = pd.read_csv(table_file(folder, "metrics.csv")).query(
        "method == @METHOD and dataset == @DATASET and mapping == @MAPPING"
    )
    means = scores.groupby(["metric", "atoms", "n_beads"])["value"].agg(["mean", "sem"])
    columns = [n for n in RESOLUTIONS if n in set(scores["n_beads"])]
    lines = ["| score | | " + " | ".join(map(str, columns)) + " |", "|---|---|" + "---|" * len(columns)]
    units = scores.drop_duplicates("metric").set_index("metric")["unit"]
    for metric, atoms in (*PUBLISHED, *NOT_PUBLISHED):
        unit = "" if units[metric] == "1" else f" ({units[metric]})"
        ours = [means.loc[metric, atoms, n] for n in columns]
        cells = [f"{row['mean']:.3f} ± {row['sem']:.3f}" for row in ours]
        lines.append(f"| `{metric}` {atoms}{unit} | here | " + " | ".join(cells) + " |")
        if (metric, atoms) in PUBLISHED:
            published = dict(zip(RESOLUTIONS, PUBLISHED[metric, atoms], strict=True))
            lines.append("| | published | " + " | ".join(f"{published[n]:.3f}" for n in columns) + " |")
        elif (floor := _floor(folder, metric, atoms)) is not None:
            lines.append("| | MD against MD | " + " | ".join([f"{floor:.3f}"] * len(columns)) + " |")
    return "\n".join(lines)


def _floor(folder: Path, metric: str, atoms: str) -> float | None:
    """Mean over folds; a run keeps a table for each of them, the reference all in one."""
    files = [folder / "noise_floor.csv"]
    if not files[0].exists():
        files = list(folder.glob("data/*/splits/*.floor.csv"))
    floors = pd.concat(map(pd.read_csv, files)).query(
        "dataset == @DATASET and metric == @metric and atoms == @atoms"
    )
    return None if floors.empty else float(floors["value"].mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "results", nargs="?", default="results/reference/resolutions", help="folder of result tables"
    )
    print(table(Path(parser.parse_args().results)))
