import numpy as np

from cgbench.core.joining import joined


def test_parts_are_joined_in_their_order():
    parts = [np.full((n, 2), n, dtype=np.float32) for n in (3, 0, 1, 4)]
    expected = np.concatenate(parts)
    result = joined(parts)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == np.float32
    assert parts == []


def test_one_part_is_not_copied():
    part = np.arange(4.0)
    assert joined([part]) is part
