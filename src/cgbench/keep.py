"""Tables and figures of a finished benchmark, small enough to be kept beside a paper or in a repository."""

import shutil
import tempfile
from pathlib import Path

import pandas as pd
from PIL import Image, UnidentifiedImageError

from cgbench.errors import InputError

TABLES = ("config.json", "leaderboard.md", "leaderboard.csv", "metrics.csv", "runs.csv")
FLOORS = "noise_floor.csv"
OF_ONE_METHOD = ("atoms", "ramachandran", "training")  # figures <kind>-<method>.png
COLOURS = 256  # of a picture; lines and markers have fewer


def keep(results: Path | str, output: Path | str, method: str) -> None:
    """Copy what a reader looks at from ``results``, and replace ``output`` by it once all is there.

    Figures are kept as PNG of few colours, those of a single method for ``method`` alone; the noise floors
    of all datasets and folds go into one table.

    Parameters
    ----------
    results
        Folder of a benchmark whose workflow has come to its end.
    output
        New folder, or one that an earlier call has made.
    method
        Name in the config.

    Raises
    ------
    InputError
        If the benchmark is not finished, a picture is damaged, or ``output`` holds anything else.
    """
    results, output = Path(results), Path(output)
    missing = [name for name in (*TABLES, "figures") if not (results / name).exists()]
    floors = sorted(results.glob("data/*/splits/*.floor.csv"))
    if missing or not floors:
        raise InputError(
            f"{results}: no finished benchmark ({', '.join(missing) or 'noise floors'} not there); "
            "run `snakemake all` first, or look at what is finished with `cgbench partial`"
        )
    if output.exists() and any(output.iterdir()) and not (output / FLOORS).exists():
        raise InputError(f"{output}: holds something else; give a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as temporary:
        kept = Path(temporary) / "kept"
        kept.mkdir()
        for name in TABLES:
            shutil.copyfile(results / name, kept / name)
        pd.concat(map(pd.read_csv, floors)).to_csv(kept / FLOORS, index=False)
        for picture in sorted(results.glob("figures/**/*.png")):
            kind, _, of = picture.stem.partition("-")
            if kind not in OF_ONE_METHOD or of in ("", method):
                _reduce(picture, kept / picture.relative_to(results))
        if output.exists():
            output.rename(Path(temporary) / "before")
        kept.rename(output)


def _reduce(picture: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(picture) as image:
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    except UnidentifiedImageError:
        raise InputError(f"{picture}: no picture; remove it and run again") from None
