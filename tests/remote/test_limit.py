"""A time limit that does not run while the operator is thinking."""

import asyncio

import pytest

from nixtui.remote.limit import Limit


async def test_it_ends_what_takes_too_long() -> None:
    limit = Limit(0.01)
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.sleep(10)
    assert limit.is_over


async def test_a_pause_does_not_count() -> None:
    limit = Limit(0.2)
    async with limit:
        for _ in range(3):
            with limit.paused():
                await asyncio.sleep(0.15)
    assert not limit.is_over


async def test_after_a_pause_it_runs_on() -> None:
    limit = Limit(0.05)
    with pytest.raises(TimeoutError):
        async with limit:
            with limit.paused():
                await asyncio.sleep(0.1)
            await asyncio.sleep(10)


async def test_somebody_elses_timeout_is_not_ours() -> None:
    limit = Limit(10)
    with pytest.raises(TimeoutError):
        async with limit:
            raise TimeoutError("of the system")
    assert not limit.is_over
