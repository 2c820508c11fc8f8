"""What every metric in ``cgbench/metrics`` promises."""

import numpy as np
import pytest

from cgbench import plugins
from cgbench.metrics.base import Evaluation

N_FRAMES, N_SAMPLES = 6, 4


@pytest.fixture(params=plugins.names("metrics"))
def metric(request):
    return plugins.load("metrics", request.param)()


@pytest.fixture(scope="module")
def evaluation(alanine_frames, three_beads):
    rng = np.random.default_rng(1)
    reference = alanine_frames.positions[:: len(alanine_frames) // N_FRAMES][:N_FRAMES]
    noise = rng.normal(scale=0.2, size=(N_FRAMES, N_SAMPLES, 22, 3)).astype(np.float32)
    return Evaluation.of_all_atoms(
        reference,
        reference + noise[:, 0],
        reference[:, None] + noise,
        alanine_frames.molecule,
        three_beads,
    )


def changed(evaluation, change):
    """The same evaluation with every geometry changed alike."""
    return Evaluation.of_all_atoms(
        change(evaluation.reference),
        change(evaluation.reconstruction),
        change(evaluation.samples),
        evaluation.molecule,
        evaluation.mapping,
    )


def test_declares_itself(metric):
    for text in (metric.label, metric.unit, metric.reference, type(metric).__doc__):
        assert text.strip()
    assert metric.better in {"lower", "higher"}
    assert metric.atom_sets
    assert set(metric.atom_sets) <= {"all", "heavy"}


def test_one_finite_number_per_frame(metric, evaluation):
    for atoms in metric.atom_sets:
        scores = metric.per_frame(evaluation.of(atoms))
        assert scores.shape == (N_FRAMES,)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()


def test_arrays_are_left_alone_and_scores_repeat(metric, evaluation):
    before = evaluation.samples.copy(), evaluation.reference.copy(), evaluation.reconstruction.copy()
    first = metric.per_frame(evaluation)
    after = evaluation.samples, evaluation.reference, evaluation.reconstruction
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(metric.per_frame(evaluation), first)


def test_order_of_samples_does_not_matter(metric, evaluation):
    turned = Evaluation.of_all_atoms(
        evaluation.reference,
        evaluation.reconstruction,
        evaluation.samples[:, ::-1],
        evaluation.molecule,
        evaluation.mapping,
    )
    np.testing.assert_allclose(metric.per_frame(turned), metric.per_frame(evaluation), rtol=1e-6, atol=1e-9)


def test_moving_everything_changes_nothing(metric, evaluation):
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    shift = np.array([2.0, -1.0, 3.0])
    moved = changed(evaluation, lambda x: (x @ rotation.T + shift).astype(np.float32))
    np.testing.assert_allclose(metric.per_frame(moved), metric.per_frame(evaluation), rtol=1e-4, atol=1e-4)
