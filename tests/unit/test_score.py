import numpy as np
import pandas as pd
import pytest

from cgbench.chem.force_field import force_field_of
from cgbench.chem.observables import Observables
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import CARD
from cgbench.data.splits import make_split
from cgbench.metrics._evaluation import Evaluation
from cgbench.pipeline.score import COLUMNS, score, score_blocks
from cgbench.results.energies_file import write_energies


@pytest.fixture
def split(alanine_frames):
    return make_split(alanine_frames, Protocol(folds=3, test_frames=12), 0, 0)


@pytest.fixture
def stored(alanine_frames, split):
    """What the sampling stage would write for a method that is off by 1 Å along x."""
    reference = alanine_frames.positions[split.test]
    off = reference + np.array([1.0, 0, 0], dtype=np.float32)
    return {
        "frame_index": split.test,
        "reconstruction": reference,
        "reconstruction_draw": (reference + off) / 2,
        "samples": np.stack([off, off], axis=1),
        "seconds": 1.0,
    }


def write(tmp_path, arrays):
    np.savez(tmp_path / "samples.npz", **arrays)
    return tmp_path / "samples.npz"


def test_rows_are_tidy(alanine_frames, split, three_beads, stored, tmp_path, capsys):
    names = registry.names("metrics")
    table = score(alanine_frames, split, three_beads, write(tmp_path, stored), names)
    assert tuple(table.columns) == COLUMNS
    assert set(table["metric"]) == {
        name
        for name in names
        if not name.startswith(("chi_", "chirality_cb_", "ring_", "energy_raw_", "energy_minimised_"))
    }
    assert (
        "chi_jsd (all atoms): left out, because the molecule has no side chains with χ\n"
        in capsys.readouterr().err
    )
    assert set(table["split"]) == {"test"}
    assert set(table["n_frames"]) == {12}
    assert not table.duplicated(["metric", "atoms"]).any()
    values = table.set_index(["metric", "atoms"])["value"]
    assert values["rmsd_sample", "all"] == pytest.approx(1.0, abs=1e-6)
    assert values["rmsd_recon", "heavy"] == 0
    assert values["rmsd_recon_draw", "heavy"] == pytest.approx(0.5)
    assert values["consistency", "all"] == pytest.approx(1.0, abs=1e-6)


def test_energies_report_their_number_of_frames(alanine_frames, three_beads, alanine_directory):
    frames = np.tile(alanine_frames.positions[:70], (3, 1, 1))
    evaluation = Evaluation(
        frames, frames, frames[:, None], alanine_frames.molecule, three_beads,
        tuple(force_field_of(alanine_directory / CARD)),
    )  # fmt: skip
    names = ["energy_raw_median", "energy_minimised_cut", "rmsd_recon"]
    scores = score_blocks(evaluation, names, np.zeros(210, dtype=np.int64))
    assert {found.metric: found.n_frames for found in scores} == dict(zip(names, (200, 20, 210), strict=True))


def test_energies_without_a_force_field_are_left_out_with_the_reason(alanine_frames, three_beads):
    frames = alanine_frames.positions[:20]
    evaluation = Evaluation(frames, frames, frames[:, None], alanine_frames.molecule, three_beads)
    said = []
    blocks = np.zeros(20, dtype=np.int64)
    assert not list(score_blocks(evaluation, ["energy_raw_median"], blocks, said.append))
    assert "no force field is known; set openmm_force_field of the dataset, and give its card" in said[0]


@pytest.mark.slow
def test_scores_with_a_file_of_energies_are_those_without(
    alanine_frames, split, three_beads, stored, alanine_directory, tmp_path
):
    files = tuple(force_field_of(alanine_directory / CARD))
    reference = Observables(alanine_frames.positions[split.test][:, None], alanine_frames.molecule, files)
    write_energies(tmp_path / "energies.csv", split.test, reference.energies)
    names = ["energy_raw_median", "energy_minimised_median", "rmsd_sample"]
    tables = {}
    for label, path in (("without", None), ("with", tmp_path / "energies.csv")):
        tables[label] = score(
            alanine_frames, split, three_beads, write(tmp_path, stored), names, tmp_path / f"{label}.npz",
            force_field=files, energies_path=path,
        )  # fmt: skip
    assert set(tables["with"]["metric"]) == set(names)
    pd.testing.assert_frame_equal(tables["with"], tables["without"], check_exact=True)
    with np.load(tmp_path / "with.npz") as given, np.load(tmp_path / "without.npz") as computed:
        assert set(given) == set(computed)
        for name in given:
            np.testing.assert_array_equal(given[name], computed[name])
    # The file is what is read, and not the same energies computed again.
    write_energies(tmp_path / "energies.csv", split.test, reference.energies + 1.0)
    shifted = score(
        alanine_frames, split, three_beads, write(tmp_path, stored), names,
        force_field=files, energies_path=tmp_path / "energies.csv",
    )  # fmt: skip
    difference = (shifted["value"] - tables["with"]["value"]).set_axis(shifted["metric"])
    assert difference.groupby(level=0).mean().to_dict() == pytest.approx(
        {"energy_raw_median": -1.0, "energy_minimised_median": -1.0, "rmsd_sample": 0.0}
    )


def test_scores_of_single_frames_and_blocks_are_stored(alanine_frames, split, three_beads, stored, tmp_path):
    path = tmp_path / "per_frame.npz"
    metrics = ["graph_xor", "rmsd_sample", "phi_psi_jsd"]
    stored["samples"][:6, 1] += 1.0
    table = score(alanine_frames, split, three_beads, write(tmp_path, stored), metrics, path)
    with np.load(path) as kept:
        np.testing.assert_array_equal(kept["trajectory"], alanine_frames.trajectory[split.test])
        np.testing.assert_array_equal(kept["frame_index"], split.test)
        np.testing.assert_array_equal(kept["block"], [0] * 6 + [1] * 6)
        for row in table.itertuples():
            metric = registry.load("metrics", row.metric)()
            blocks = kept[f"{row.metric}.{row.atoms}.blocks"]
            assert len(blocks) == 2
            assert metric.value(blocks.sum(axis=0)) == pytest.approx(row.value)
            if row.metric != "phi_psi_jsd":
                scores = kept[f"{row.metric}.{row.atoms}"]
                assert scores.mean() == pytest.approx(row.value)
                assert metric.value(blocks)[1] == pytest.approx(scores[6:].mean())
        assert "phi_psi_jsd.all" not in kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda arrays: arrays.update(frame_index=arrays["frame_index"] + 1),
            "differ from the 12",
        ),
        (lambda arrays: arrays.pop("samples"), "not a file of samples"),
        (
            lambda arrays: arrays.update(reconstruction_draw=arrays["reconstruction"][1:]),
            "drawn reconstructions of the same frames",
        ),
        (
            lambda arrays: arrays.update(samples=arrays["samples"] * np.nan),
            "samples: 12 of 12 frames hold NaN",
        ),
        (
            lambda arrays: arrays.update(
                samples=arrays["samples"][:, :, 1:],
                reconstruction=arrays["reconstruction"][:, 1:],
                reconstruction_draw=arrays["reconstruction_draw"][:, 1:],
            ),
            r"shape \(12, 21, 3\), expected",
        ),
    ],
)
def test_other_samples_are_refused(alanine_frames, split, three_beads, stored, tmp_path, change, message):
    change(stored)
    with pytest.raises(InputError, match=rf"samples\.npz: .*{message}"):
        score(alanine_frames, split, three_beads, write(tmp_path, stored), ["rmsd_sample"])


def test_missing_samples_say_what_to_do(alanine_frames, split, three_beads, tmp_path):
    with pytest.raises(InputError, match=r"samples\.npz: no such file; run `cgbench sample`"):
        score(alanine_frames, split, three_beads, tmp_path / "samples.npz", ["rmsd_sample"])
