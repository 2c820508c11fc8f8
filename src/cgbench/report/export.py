"""Tables and figures of a finished benchmark, small enough to be kept beside a paper or in a repository."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from PIL import Image

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import atomic_folder, read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.statistics.by_state import scores_by_state

TABLES = ("config.json", "leaderboard.md", "leaderboard.csv", "metrics.csv", "runs.csv")
MANIFEST = "kept.json"  # what was kept, by path: its SHA-256
OF_ONE_METHOD = ("atoms", "ramachandran", "training")  # figures <kind>-<method>.png
COLOURS = 256  # of a picture


def keep(config: RunMatrix, output: Path | str, method: str) -> None:
    """Copy what a reader looks at, and replace ``output`` by it once all is there.

    Figures are kept as PNG of few colours, those of a single method for ``method`` alone. Noise floors of
    all datasets and folds go into one table, and so do scores by state, where trajectories have states.

    Parameters
    ----------
    output
        New folder, or one that an earlier call has made and nothing else has touched.
    method
        Name in the config.

    Raises
    ------
    InputError
        If the benchmark is not finished, one of its files is damaged, or ``output`` holds anything else.
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
            f"{missing[0]}: not there, one of {len(missing)} files; run `snakemake all` to its end first, or "
            "look at what is finished with `cgbench partial`"
        )
    _refuse_strangers(output)
    with atomic_folder(output) as kept:
        for name in TABLES:
            shutil.copyfile(results / name, kept / name)
        pd.concat(map(_read, _floors(config))).to_csv(kept / "noise_floor.csv", index=False)
        states = scores_by_state(config)
        if len(states):
            states.to_csv(kept / "states.csv", index=False, float_format="%.6f")
        for picture in _pictures(config, method):
            _reduce(picture, kept / picture.relative_to(results))
        files = sorted(path for path in kept.rglob("*") if path.is_file())
        write_json(kept / MANIFEST, {path.relative_to(kept).as_posix(): sha256(path) for path in files})


def _floors(config: RunMatrix) -> list[Path]:
    splits = (Path(config.results, "data", dataset, "splits") for dataset in config.run.datasets)
    return [folder / f"fold{fold}.floor.csv" for folder in splits for fold in range(config.protocol.folds)]


def _folders(config: RunMatrix) -> list[Path]:
    """Folders of the figures of every dataset and mapping."""
    tasks = dict.fromkeys((cell.dataset, cell.mapping) for cell in config.run_specs())
    return [Path(config.results, "figures", *task) for task in tasks]


def _read(table: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(table)
    except ValueError as error:
        raise InputError(f"{table}: damaged table ({error}); delete it and run again") from None


def _pictures(config: RunMatrix, method: str) -> Iterator[Path]:
    for folder in dict.fromkeys(part for each in _folders(config) for part in (each.parent, each)):
        for picture in sorted(folder.glob("*.png")):
            kind, _, of = picture.stem.partition("-")
            if kind not in OF_ONE_METHOD or of in ("", method):
                yield picture


def _refuse_strangers(output: Path) -> None:
    """Refuse to replace what an earlier call did not write, or what was edited since."""
    if not output.is_dir():
        return
    manifest = output / MANIFEST
    known = read_json(manifest) if manifest.exists() else {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and path != manifest and known.get(name) != sha256(path):
            raise InputError(f"{path}: not as `cgbench keep` left it; move it away, or give a new folder")


def _reduce(picture: Path, target: Path) -> None:
    try:
        with Image.open(picture) as image:
            whole = image.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise InputError(f"{picture}: no picture ({error}); delete it and run again") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
