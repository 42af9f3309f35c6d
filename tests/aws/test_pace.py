"""How fast blocks go, with a clock of the test's own."""

import threading

from nixtui.aws.pace import MOST_IN_FLIGHT, Pace

NEVER = threading.Event()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def run(pace: Pace, clock: Clock, count: int, *, each: float, took: float) -> None:
    """So many requests, one every `each` seconds, each under way for `took`."""
    for _ in range(count):
        clock.now += each
        assert pace.admit(NEVER)
        pace.done(took)


def test_throttling_takes_a_third_once_for_a_burst_and_success_brings_it_back() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    for _ in range(20):
        pace.throttled()
    assert (pace.rate, pace.throttled_count) == (700, 20)
    clock.now += 1
    pace.throttled()
    assert round(pace.rate) == 490
    run(pace, clock, 6000, each=0.01, took=0.01)
    assert 700 < pace.rate <= 1000
    run(pace, clock, 20000, each=0.01, took=0.01)
    assert pace.rate == 1000


def test_a_long_link_is_filled_and_a_thin_one_is_not_flooded() -> None:
    clock = Clock()
    long = Pace(1000, clock)
    run(long, clock, 2000, each=0.002, took=0.1)  # 500 a second, 100 ms away
    assert long.in_flight_limit == MOST_IN_FLIGHT
    thin = Pace(1000, clock)
    run(thin, clock, 200, each=0.4, took=0.45)  # 10 Mbit/s
    assert thin.in_flight_limit == 8


def test_who_waits_for_a_turn_is_let_go_when_it_stops() -> None:
    pace, stop = Pace(1000), threading.Event()
    for _ in range(pace.in_flight_limit):
        assert pace.admit(stop)
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(pace.admit(stop)))
    waiting.start()
    stop.set()
    pace.wake()
    waiting.join(10)
    assert answers == [False]
