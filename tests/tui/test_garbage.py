"""Full collections wait for a quiet moment."""

import gc

import pytest

from nixtui.tui.garbage import EVERY_S, IDLE_S, OVERDUE_S, Garbage


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: done.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    return done


def test_nothing_is_collected_while_somebody_presses_keys(collections: list[str]) -> None:
    garbage = Garbage()
    for second in range(200):
        garbage.touch(second)
        garbage.tick(second + IDLE_S - 0.1)
    assert collections == []


def test_in_a_quiet_moment_it_is_and_not_again_for_a_while(collections: list[str]) -> None:
    garbage = Garbage()
    garbage.touch(100)
    for second in range(100, 100 + int(EVERY_S)):
        garbage.tick(second)
    assert collections == ["collect", "freeze"]
    garbage.tick(104 + EVERY_S)
    assert collections == ["collect", "freeze", "collect"]


def test_the_young_generations_stay_automatic() -> None:
    before = gc.get_threshold()
    try:
        Garbage().begin()
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 100_000
    finally:
        gc.set_threshold(*before)


def test_collections_that_were_put_off_begin_and_pass_over_what_is_there(collections: list[str]) -> None:
    before = gc.get_threshold()
    gc.disable()
    try:
        Garbage().begin()
        assert gc.isenabled()
        assert collections == ["freeze"]
    finally:
        gc.enable()
        gc.set_threshold(*before)


def test_who_never_lets_go_of_the_keys_waits_for_it_now_and_then(collections: list[str]) -> None:
    garbage = Garbage()
    for second in range(3 * int(OVERDUE_S) + 2):
        garbage.touch(float(second))
        garbage.tick(float(second))
    assert collections.count("collect") == 3
