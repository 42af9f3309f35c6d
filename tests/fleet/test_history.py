"""The recent past of a load average."""

from nixtui.fleet.history import SAMPLE_S, SAMPLES, LoadHistory


def recorded(*pairs: tuple[float, float | None]) -> list[float | None]:
    history = LoadHistory()
    for at, load in pairs:
        history.record(at, load)
    return list(history.samples())


def test_nothing_is_known_before_the_first_sample() -> None:
    assert recorded() == []


def test_the_newest_sample_is_the_last() -> None:
    samples = recorded((1000, 0.5), (1000 + SAMPLE_S, 0.75))
    assert samples == [None] * (SAMPLES - 2) + [0.5, 0.75]


def test_within_one_sample_the_last_word_stands() -> None:
    assert recorded((1000, 0.5), (1001, 2.5))[-2:] == [None, 2.5]


def test_what_was_not_seen_is_a_gap() -> None:
    assert recorded((1000, 1.0), (1000 + 3 * SAMPLE_S, 4.0))[-4:] == [1.0, None, None, 4.0]


def test_only_the_last_ten_minutes_are_kept() -> None:
    samples = recorded(*((1000 + number * SAMPLE_S, number / 100) for number in range(200)))
    assert samples == [number / 100 for number in range(140, 200)]


def test_a_long_silence_forgets_all() -> None:
    assert recorded((1000, 1.0), (1000 + SAMPLES * SAMPLE_S, 2.0)) == [None] * (SAMPLES - 1) + [2.0]


def test_a_clock_that_was_set_back_starts_anew() -> None:
    assert recorded((9000, 1.0), (1000, 2.0)) == [None] * (SAMPLES - 1) + [2.0]


def test_a_load_beyond_all_bounds_stays_a_load() -> None:
    assert recorded((1000, 1e9))[-1] == 655.34
