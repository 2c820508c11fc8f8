"""The contract of every metric."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cgbench.chem.atom_sets import ATOM_SETS
from cgbench.chem.force_field import force_field_of
from cgbench.chem.frames import Frames
from cgbench.contract.run import under_test
from cgbench.core import registry
from cgbench.data.sources.bundled import CARD
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import REQUIREMENTS, EnergyDistance, Evaluation, MetricBase, PerFrameMetric

N_FRAMES, N_SAMPLES = 6, 4
EACH = np.arange(N_FRAMES)  # every frame a block
METRICS = under_test("metrics")
ENERGY_DISTANCES = [name for name in METRICS if issubclass(registry.load("metrics", name), EnergyDistance)]


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest) -> MetricBase:
    """Every metric."""
    made: MetricBase = registry.load("metrics", request.param)()
    return made


def perturbed(frames: Frames, mapping: Mapping, force_field: tuple[str, ...] = ()) -> Evaluation:
    """Return samples that keep their bonds, and samples that do not."""
    rng = np.random.default_rng(1)
    reference = frames.positions[:: len(frames) // N_FRAMES][:N_FRAMES]
    scale = np.array([0.03, 0.1, 0.2, 0.4])[:, None, None]
    noise = (scale * rng.normal(size=(N_FRAMES, N_SAMPLES, *reference.shape[1:]))).astype(np.float32)
    return Evaluation(
        reference, reference + noise[:, 0], reference[:, None] + noise, frames.molecule, mapping, force_field
    )


@pytest.fixture(scope="module")
def evaluations(
    alanine_frames: Frames, chignolin_frames: Frames, three_beads: Mapping, alanine_directory: Path
) -> dict[str, Evaluation]:
    """Return a molecule with a force field and one with side chains: a metric applies to one of them."""
    return {
        "alanine_dipeptide": perturbed(
            alanine_frames, three_beads, tuple(force_field_of(alanine_directory / CARD))
        ),
        "chignolin": perturbed(chignolin_frames, Mapping.centres(chignolin_frames.molecule.residue_index)),
    }


@pytest.fixture
def evaluation(metric: MetricBase, evaluations: dict[str, Evaluation]) -> Evaluation:
    """Return the first of the two that the metric applies to."""
    return next(each for each in evaluations.values() if metric.applies(each.molecule, each.force_field))


def changed(
    evaluation: Evaluation, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Evaluation:
    """Change every geometry of an evaluation alike, and leave out the force field.

    An energy is of one sample alone, and its minimisation takes another way where geometries turn.
    """
    return Evaluation(
        change(evaluation.reference),
        change(evaluation.reconstruction),
        change(evaluation.samples),
        evaluation.molecule,
        evaluation.mapping,
    )


def test_declares_itself(metric: MetricBase) -> None:
    for text in (metric.label, metric.unit, metric.reference, type(metric).__doc__ or ""):
        assert text.strip()
    assert metric.better in {"lower", "higher", "zero"}
    assert metric.atom_sets
    assert set(metric.atom_sets) <= set(ATOM_SETS)


def scored(metric: MetricBase, evaluation: Evaluation) -> NDArray[np.float64]:
    """Value of each frame by itself and of all together, or nothing where the metric does not apply."""
    if not metric.applies(evaluation.molecule, evaluation.force_field):
        pytest.skip(f"the molecule has no {metric.requires}")
    sums = metric.block_sums(evaluation, EACH)
    return metric.value(np.concatenate([sums, sums.sum(axis=0, keepdims=True)]))


def test_applies_to_one_of_the_molecules_here(metric: MetricBase, evaluations: dict[str, Evaluation]) -> None:
    assert any(metric.applies(each.molecule, each.force_field) for each in evaluations.values())


def test_declares_what_it_requires_of_a_molecule(metric: MetricBase, evaluation: Evaluation) -> None:
    assert metric.requires in REQUIREMENTS, f"`requires` is one of {', '.join(REQUIREMENTS)}"
    nothing = evaluation.molecule.subset(np.empty(0, dtype=np.int64))
    assert not metric.applies(nothing)


def test_sums_of_any_blocks_give_the_value_of_their_frames(
    metric: MetricBase, evaluation: Evaluation
) -> None:
    for atoms in metric.atom_sets:
        part = evaluation.restrict_to(atoms)
        if not metric.applies(part.molecule, part.force_field):
            continue
        by_frame = metric.block_sums(part, EACH)
        assert by_frame.shape[0] == N_FRAMES
        assert by_frame.dtype == np.float64
        by_block = metric.block_sums(part, np.array([0, 1, 0, 2, 1, 1]))
        whole = metric.value(by_block.sum(axis=0))
        assert np.isfinite(whole)
        # The estimate of an energy distance depends on which frames may be correlated.
        if not isinstance(metric, EnergyDistance):
            np.testing.assert_allclose(by_block[1], by_frame[[1, 4, 5]].sum(axis=0), rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(metric.value(by_frame.sum(axis=0)), whole, rtol=1e-9)
        # Many resamples of blocks at once, of any shape.
        resampled = metric.value(np.stack([[by_block.sum(axis=0), by_block[0]], by_block[1:]]))
        assert resampled.shape == (2, 2)
        np.testing.assert_allclose(resampled[0, 0], whole, rtol=1e-9)


@pytest.mark.parametrize("metric", ENERGY_DISTANCES, indirect=True)
def test_energy_distances_leave_out_pairs_of_frames_of_a_block(
    metric: MetricBase, evaluation: Evaluation
) -> None:
    """The value depends on which frames share a block, not on the order of the blocks."""
    sums = metric.block_sums(evaluation, np.array([0, 0, 0, 1, 1, 2]))
    whole = metric.value(sums.sum(axis=0))
    assert metric.value(sums[[2, 0, 1]].sum(axis=0)) == pytest.approx(whole)
    assert np.isnan(metric.value(sums[0]))
    by_frame = metric.value(metric.block_sums(evaluation, EACH).sum(axis=0))
    assert by_frame != pytest.approx(whole, rel=1e-6)


def test_frame_scores_have_the_declared_shape(metric: MetricBase, evaluation: Evaluation) -> None:
    if isinstance(metric, PerFrameMetric) and metric.applies(evaluation.molecule, evaluation.force_field):
        for atoms in metric.atom_sets:
            given = metric.per_frame(evaluation.restrict_to(atoms))
            assert given.shape == (N_FRAMES, *metric.frame_shape)
            assert given.dtype == np.float64


def test_arrays_are_left_alone_and_scores_repeat(metric: MetricBase, evaluation: Evaluation) -> None:
    before = evaluation.samples.copy(), evaluation.reference.copy(), evaluation.reconstruction.copy()
    first = scored(metric, evaluation)
    after = evaluation.samples, evaluation.reference, evaluation.reconstruction
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(scored(metric, evaluation), first)


def test_order_of_samples_does_not_matter(metric: MetricBase, evaluation: Evaluation) -> None:
    as_it_is = changed(evaluation, lambda x: x)
    turned = Evaluation(
        evaluation.reference,
        evaluation.reconstruction,
        evaluation.samples[:, ::-1],
        evaluation.molecule,
        evaluation.mapping,
    )
    np.testing.assert_allclose(scored(metric, turned), scored(metric, as_it_is), rtol=1e-6, atol=1e-9)


def test_moving_everything_changes_nothing(metric: MetricBase, evaluation: Evaluation) -> None:
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    shift = np.array([2.0, -1.0, 3.0])
    as_it_is = changed(evaluation, lambda x: x)
    moved = changed(evaluation, lambda x: (x @ rotation.T + shift).astype(np.float32))
    np.testing.assert_allclose(scored(metric, moved), scored(metric, as_it_is), rtol=1e-4, atol=1e-4)
