"""One line is one event, whatever is in it; a stream may be cut anywhere."""

import pytest

from nixtui.nix.internal_json import (
    MAX_LINE_BYTES,
    MAX_TEXT,
    Action,
    Fact,
    LineCutter,
    Message,
    Result,
    SetPhase,
    Start,
    Stop,
    Text,
    Unknown,
    parse,
    parse_glued,
)

BUILD = (
    b'{"action":"start","fields":["/nix/store/x.drv","ssh://b",1,1],"id":85298050498565,"level":3,"parent":7,'
    b'"text":"building","type":105}'
)


@pytest.mark.parametrize("prefix", [b"@nix ", b"", b"@nix  ", b" "])
def test_an_activity_with_the_prefix_and_without(prefix: bytes) -> None:
    assert parse(prefix + BUILD) == Start(
        85298050498565, Action.BUILD, "building", 3, 7, ["/nix/store/x.drv", "ssh://b", 1, 1]
    )


def test_the_other_events() -> None:
    assert parse(b'@nix {"action":"stop","id":3}') == Stop(3)
    assert parse(b'{"action":"result","id":3,"type":101,"fields":["a line"]}') == Result(
        3, Fact.BUILD_LOG_LINE, ["a line"]
    )
    assert parse(b'{"action":"setPhase","phase":"buildPhase"}') == SetPhase("buildPhase")
    message = parse(b'{"action":"msg","level":0,"msg":"error: no","raw_msg":"no","file":null,"line":4,"column":null}')
    assert message == Message("error: no", 0, "no", None, 4, None)


def test_unknown_numbers_are_kept() -> None:
    assert parse(b'{"action":"start","id":1,"type":999}') == Start(1, 999)
    assert parse(b'{"action":"result","id":1,"type":999,"fields":[1]}') == Result(1, 999, [1])


def test_unknown_actions_and_keys_are_no_errors() -> None:
    assert parse(b'@nix {"action":"dance","steps":2}') == Unknown("dance", {"action": "dance", "steps": 2})
    assert parse(b'@nix {"action":"stop","id":1,"status":"well","more":[{}]}') == Stop(1)


def test_values_of_a_wrong_type_are_made_to_fit() -> None:
    assert parse(b'{"action":"start","id":"12","type":"105","level":null,"text":5,"fields":[1.5,null,true]}') == Start(
        12, 105, "5", 0, 0, ["1.5", "", True]
    )


def test_words_that_look_like_numbers_stay_words() -> None:
    event = parse(b'{"action":"start","id":5,"type":105,"fields":["5","x"]}')
    assert isinstance(event, Start)
    assert event.fields == ["5", "x"]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"@nix ",
        b"null",
        b"[1]",
        b'"text"',
        b"@nix {}",
        b'{"action":5}',
        b'{"action":"stop"}',
        b'{"action":"stop","id":[1]}',
        b'{"action":"result","id":1e999}',
        b'{"action":"start","id":1,"type":105,"fields":["/nix/sto',
        b'{"a":' * 50_000,
        b"[" * 100_000,
        b'{"action":"result","id":1,"fields":[' + b"9" * 6000 + b"]}",
        b"warning: Git tree '/srv/fleet' is dirty",
    ],
)
def test_what_is_no_event_is_text(line: bytes) -> None:
    event = parse(line)
    assert isinstance(event, Text)
    assert len(event.text) <= MAX_TEXT


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert parse(b'{"action":"msg","msg":"a\xffb"}') == Message("a\ufffdb")
    assert parse(b"\xff\xfe") == Text("\ufffd\ufffd")


def test_halves_of_surrogate_pairs_do_not_reach_a_terminal() -> None:
    event = parse(rb'{"action":"result","id":1,"type":101,"fields":["\ud800"]}')
    assert isinstance(event, Result)
    assert str(event.fields[0]).encode() == b"?"


def test_control_characters_inside_strings_are_no_reason_to_lose_an_event() -> None:
    assert parse(b'{"action":"msg","msg":"a\x01b"}') == Message("a\x01b")


@pytest.mark.parametrize("filling", ["x", "\\n", "\\u001b[31m", '\\"', "ä", "\\\\"])
def test_an_overlong_line_still_is_the_event_that_it_is(filling: str) -> None:
    text = filling.encode() * (10_000_000 // len(filling.encode()))
    event = parse(b'@nix {"action":"result","fields":["log ' + text + b' the end of it"],"id":77,"type":101}')
    assert isinstance(event, Result)
    assert (event.id, event.type) == (77, Fact.BUILD_LOG_LINE)
    assert str(event.fields[0]).startswith("log ")
    assert str(event.fields[0]).endswith("the end of it")
    assert len(str(event.fields[0])) < MAX_LINE_BYTES


def test_events_that_were_written_into_one_line_are_all_there() -> None:
    line = b'@nix {"action":"stop","id":1}@nix {"action":"stop","id":2}@nix {"action":"stop","id":3}'
    assert list(parse_glued(line)) == [Stop(1), Stop(2), Stop(3)]
    assert list(parse_glued(b'ssh: connect@nix {"action":"stop","id":2}')) == [Text("ssh: connect"), Stop(2)]
    assert list(parse_glued(b'@nix {"action":"sto@nix {"action":"stop","id":2}'))[1] == Stop(2)


def test_a_log_line_with_an_event_in_it_is_one_event() -> None:
    line = rb'@nix {"action":"result","id":1,"type":101,"fields":["@nix { \"action\": \"setPhase\" }"]}'
    assert list(parse_glued(line)) == [Result(1, 101, ['@nix { "action": "setPhase" }'])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_a_stream_may_be_cut_anywhere(size: int) -> None:
    content = b"one\n\ntwo\r\nthree\n\n\nfour"
    cutter = LineCutter()
    lines = [line for at in range(0, len(content), size) for line in cutter.feed(content[at : at + size])]
    assert lines + cutter.end() == content.split(b"\n")


def test_a_line_without_an_end_is_held_within_bounds() -> None:
    cutter = LineCutter()
    for _ in range(300):
        assert cutter.feed(b"x" * 2**16) == []
        assert cutter._held <= 3 * MAX_LINE_BYTES
    (line,) = cutter.feed(b"the end\n")
    assert line.endswith(b"the end")
    assert len(line) <= 3 * MAX_LINE_BYTES
