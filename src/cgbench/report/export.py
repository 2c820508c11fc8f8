"""Tables and figures of a finished benchmark, small enough for a supplement or a repository."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import atomic_folder, read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.figures.noise_floor import read_floors
from cgbench.statistics.by_state import scores_by_state

TABLES = ("config.json", "leaderboard.md", "leaderboard.csv", "metrics.csv", "runs.csv")
COMPRESSED = ("leaderboard.csv", "metrics.csv", "runs.csv")  # a tenth of their size, as <name>.gz
MANIFEST = "manifest.json"  # SHA-256 of every exported file, by path
OF_ONE_METHOD = ("atoms", "ramachandran", "training")  # figures <kind>-<method>.png
COLOURS = 128  # of a figure, which makes the file 2.8 times smaller


def export(config: RunMatrix, output: Path | str, method: str) -> None:
    """Copy the tables and figures of a benchmark to ``output``, which is replaced when all are there.

    Large tables are compressed (``metrics.csv.gz``). Figures are PNG with 128 colours; figures of single
    methods are copied for ``method`` alone. The noise floors of all datasets and folds are joined, and so are
    scores by state, where trajectories have states.

    Parameters
    ----------
    output
        New folder, or one that an earlier call made and that has not been edited since.

    Raises
    ------
    InputError
        If the benchmark is not finished, one of its files is damaged, or ``output`` has other files.
    """
    if method not in config.run.methods:
        raise InputError(
            f"no method {method!r} in this benchmark; there are: {', '.join(config.run.methods)}"
        )
    results, output = Path(config.results), Path(output)
    comparisons = [folder / "comparison.png" for folder in _folders(config)]
    wanted = [*(results / name for name in TABLES), *_floors(config), *comparisons]
    missing = [str(path) for path in wanted if not path.exists()]
    if missing:
        raise InputError(
            f"{missing[0]}: not there, one of {len(missing)} files; run `snakemake all` to its end, or "
            "export the finished runs with `cgbench partial`"
        )
    _refuse_edited(output)
    with atomic_folder(output) as folder:
        for name in TABLES:
            if name in COMPRESSED:
                packed = gzip.compress((results / name).read_bytes(), mtime=0)
                (folder / f"{name}.gz").write_bytes(packed)
            else:
                shutil.copyfile(results / name, folder / name)
        read_floors(_floors(config)).to_csv(folder / "noise_floor.csv", index=False)
        states = scores_by_state(config)
        if len(states):
            states.to_csv(folder / "states.csv", index=False, float_format="%.6f")
        for picture in _pictures(config, method):
            reduce_picture(picture, folder / picture.relative_to(results))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        write_json(folder / MANIFEST, {path.relative_to(folder).as_posix(): sha256(path) for path in files})


def _floors(config: RunMatrix) -> list[Path]:
    splits = (Path(config.results, "data", dataset, "splits") for dataset in config.run.datasets)
    return [folder / f"fold{fold}.floor.csv" for folder in splits for fold in range(config.protocol.folds)]


def _folders(config: RunMatrix) -> list[Path]:
    """Folders of the figures of every dataset and mapping."""
    tasks = dict.fromkeys((cell.dataset, cell.mapping) for cell in config.run_specs())
    return [Path(config.results, "figures", *task) for task in tasks]


def _pictures(config: RunMatrix, method: str) -> Iterator[Path]:
    for folder in dict.fromkeys(part for each in _folders(config) for part in (each.parent, each)):
        for picture in sorted(folder.glob("*.png")):
            kind, _, shown = picture.stem.partition("-")
            if kind not in OF_ONE_METHOD or shown in ("", method):
                yield picture


def _refuse_edited(output: Path) -> None:
    """Refuse to replace files that an earlier call did not write, or that were edited since."""
    if not output.is_dir():
        return
    manifest = output / MANIFEST
    known = read_json(manifest) if manifest.exists() else {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and path != manifest and known.get(name) != sha256(path):
            raise InputError(
                f"{path}: not written by `cgbench export`, or edited since; move it away or give a new folder"
            )


def reduce_picture(picture: Path, target: Path) -> None:
    """Write a PNG with 128 colours; an InputError names a file that is no image."""
    try:
        with Image.open(picture) as image:
            pixels = image.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise InputError(f"{picture}: not an image ({error}); delete it and run again") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    pixels.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
