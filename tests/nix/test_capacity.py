"""How many evaluations at once."""

import pytest

from nixtui.nix.capacity import evaluations_at_once


@pytest.mark.parametrize(
    ("available_mb", "cores", "expected"),
    [(None, 8, 2), (None, 1, 1), (500, 8, 1), (3 * 1024, 8, 2), (64 * 1024, 8, 8), (9 * 1024, 16, 8)],
)
def test_bounded_by_memory_and_cores(available_mb: int | None, cores: int, expected: int) -> None:
    assert evaluations_at_once(available_mb=available_mb, cores=cores) == expected
