"""How many evaluations at once."""

import pytest

from nixtui.nix.capacity import evaluations_at_once, kept_by_worker


@pytest.mark.parametrize(
    ("available_mb", "cores", "expected"),
    [(None, 8, 2), (None, 1, 1), (500, 8, 1), (3 * 1024, 8, 2), (64 * 1024, 8, 8), (9 * 1024, 16, 8)],
)
def test_bounded_by_memory_and_cores(available_mb: int | None, cores: int, expected: int) -> None:
    assert evaluations_at_once(available_mb=available_mb, cores=cores) == expected


@pytest.mark.parametrize(
    ("available_mb", "workers", "expected"),
    [(None, 2, 1024), (500, 1, 256), (9 * 1024, 8, 256), (16 * 1024 + 1024, 8, 1024), (64 * 1024, 8, 4096)],
)
def test_workers_and_their_next_systems_fit_together(available_mb: int | None, workers: int, expected: int) -> None:
    assert kept_by_worker(workers, available_mb=available_mb) == expected
