"""What is looked at stays where it is, whatever comes in."""

from nixtui.logs.buffer import LogBuffer
from nixtui.logs.view import LogView
from tests.logs.lines import lines


def view_of(*orders: int) -> LogView:
    buffer = LogBuffer()
    buffer.add(lines(*orders))
    return LogView(buffer)


def test_it_follows_until_one_leaves_the_end_and_counts_what_comes_then() -> None:
    view = view_of(10, 20, 30)
    assert (view.following, view.cursor) == (True, 30)
    view.buffer.add(lines(40))
    assert view.sync()
    assert view.cursor == 40
    view.move(-2)
    assert (view.following, view.cursor) == (False, 20)
    view.buffer.add(lines(50, 60))
    view.sync()
    assert (view.cursor, view.unseen) == (20, 2)
    view.go_to_row(len(view.rows) - 1)
    assert (view.following, view.unseen) == (True, 0)


def test_lines_that_come_in_above_do_not_move_the_cursor_to_another() -> None:
    view = view_of(10, 20, 30)
    view.go_to_row(1)
    view.buffer.add(lines(5, 6, 15))
    view.sync()
    assert view.current is not None
    assert (view.current.order, view.cursor_row) == (20, 4)


def test_a_line_under_the_cursor_that_was_dropped_leaves_it_at_the_oldest() -> None:
    buffer = LogBuffer(most_lines=20)
    buffer.add(lines(*range(1, 21)))
    view = LogView(buffer)
    view.go_to_row(0)
    buffer.add(lines(*range(21, 40)))
    view.sync()
    assert view.cursor_row <= 1
    assert view.unseen == 19


def test_while_it_is_paused_nothing_changes() -> None:
    view = view_of(10, 20)
    view.pause()
    view.buffer.add(lines(30, 15))
    assert not view.sync()
    assert [line.order for line in view.rows] == [10, 20]
    view.resume()
    assert [line.order for line in view.rows] == [10, 15, 20, 30]
    assert view.cursor == 30


def test_one_host_alone_keeps_what_is_said_of_all() -> None:
    view = view_of(10)
    view.buffer.add([*lines(20, host="web-2"), *lines(30, host="")])
    view.show_only("web-1")
    assert [line.order for line in view.rows] == [10, 30]
    view.buffer.add([*lines(40, host="web-2"), *lines(50)])
    view.sync()
    assert [line.order for line in view.rows] == [10, 30, 50]
    view.show_only(None)
    assert len(view.rows) == 5


def test_search_counts_goes_round_and_keeps_up() -> None:
    view = view_of(10, 20, 30, 120)
    assert view.search("line 1") == 2
    assert view.search("LINE") == 0
    assert view.search("Line") == 0
    assert view.search("line") == 4
    assert view.search("line 1") == 2
    assert view.go_to_found(later=False, here=True) == "found"
    assert (view.cursor, view.found_number) == (120, 2)
    assert view.go_to_found(later=False) == "found"
    assert view.cursor == 10
    assert view.go_to_found(later=False) == "round"
    assert view.cursor == 120
    assert view.go_to_found(later=True) == "round"
    assert (view.cursor, view.following) == (10, False)
    view.buffer.add(lines(15, 200))
    view.sync()
    assert len(view.found) == 3
    assert view.search("nginx") == 6


def test_small_letters_find_capitals() -> None:
    buffer = LogBuffer()
    buffer.add(lines(1, message="Connection REFUSED"))
    view = LogView(buffer)
    assert view.search("refused") == 1
    assert view.search("Refused") == 0
    assert view.search("REFUSED") == 1
