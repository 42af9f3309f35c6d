"""Lines in memory: sorted, bounded, and what went is counted."""

from random import Random

from nixtui.logs.buffer import Change, LogBuffer, Selected
from nixtui.logs.line import Kind, order_of
from tests.logs.lines import lines


def orders(buffer: LogBuffer) -> list[int]:
    return [line.order for line in buffer.lines]


def test_late_lines_stand_where_they_belong() -> None:
    buffer = LogBuffer()
    buffer.add(lines(10, 20, 30))
    assert buffer.take_change() == Change(10, False)
    buffer.add(lines(40, 25))
    assert orders(buffer) == [10, 20, 25, 30, 40]
    assert buffer.take_change() == Change(25, False)
    assert buffer.take_change() == Change(None, False)


def test_what_is_too_much_goes_from_the_front_and_the_first_line_says_so() -> None:
    buffer = LogBuffer(most_lines=100)
    buffer.add(lines(*range(1, 101)))
    assert buffer.dropped == 0
    buffer.add(lines(101, 102))
    first = buffer.lines[0]
    assert first.kind is Kind.DROPPED
    assert buffer.dropped == 102 - (len(buffer.lines) - 1)
    assert f"{buffer.dropped} older lines were dropped" in first.message
    assert buffer.lines[-1].order == 102
    for number in range(103, 1000):
        buffer.add(lines(number))
    assert len(buffer.lines) <= 100
    assert buffer.dropped == 999 - (len(buffer.lines) - 1)
    assert [line.kind for line in buffer.lines].count(Kind.DROPPED) == 1


def test_long_messages_count_by_their_length() -> None:
    buffer = LogBuffer(most_lines=1000, most_characters=10_000)
    for number in range(1, 200):
        buffer.add(lines(number, message="x" * 1000))
    assert sum(len(line.message) for line in buffer.lines) <= 10_000
    assert buffer.dropped == 199 - (len(buffer.lines) - 1)


def test_whoever_follows_sees_the_same_as_one_who_begins_anew() -> None:
    random = Random(4)  # noqa: S311
    buffer = LogBuffer(most_lines=500)
    odd = Selected(lambda lines: [line for line in lines if line.order % 2 == 1])
    every = Selected()
    clock = 0
    for _ in range(300):
        clock += random.randrange(1, 40)
        numbers = random.sample(range(max(1, clock - 50), clock + 50), random.randrange(1, 12))
        taken = set(orders(buffer))
        buffer.add([line for number in numbers if number not in taken for line in lines(number)])
        if random.random() < 0.4:
            change = buffer.take_change()
            odd.follow(buffer.lines, change)
            every.follow(buffer.lines, change)
            assert every.lines == buffer.lines
            assert odd.lines == [line for line in buffer.lines if line.order % 2 == 1]
            assert orders(buffer) == sorted(map(order_of, buffer.lines))
    assert buffer.dropped > 0
