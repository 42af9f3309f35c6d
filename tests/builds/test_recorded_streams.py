"""Every recorded stream comes to the right numbers, and nothing done to it makes the tree raise."""

from collections.abc import Iterator
from random import Random

import pytest

from nixtui.builds.derivation import State
from nixtui.builds.summary import as_json
from nixtui.builds.tree import BuildTree
from nixtui.nix.internal_json import Fact, Result, Stop, parse
from tests.builds.recorded import content, expected, grown, lines

EXPECTED = expected()


def seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - the same every time, guards nothing


COUNTS = ("planned", "built", "failed", "failed_dependencies", "cut_off", "downloaded", "copied")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_counts_are_right(name: str) -> None:
    summary = as_json(grown(lines(name)), timed=False)
    wanted = EXPECTED[name]
    assert {key: summary[key] for key in COUNTS} == {key: wanted[key] for key in COUNTS}
    assert sum(each["log_lines"] for each in summary["derivations"]) == wanted["log_lines"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stream_tells_by_itself_whether_the_command_succeeded(name: str) -> None:
    assert grown(lines(name)).succeeded is (EXPECTED[name]["exit"] == 0)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_exit_status_agrees_with_what_the_stream_tells(name: str) -> None:
    told = as_json(grown(lines(name)), timed=False)
    known = as_json(grown(lines(name), exit_code=EXPECTED[name]["exit"]), timed=False)
    assert told == known


@pytest.mark.parametrize("name", EXPECTED)
def test_the_prefix_may_be_missing(name: str) -> None:
    bare = [line.removeprefix(b"@nix ") for line in lines(name)]
    assert as_json(grown(bare), timed=False) == as_json(grown(lines(name)), timed=False)


@pytest.mark.parametrize("every", [2, 3, 7, 1000])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_nix_that_tells_its_progress_seldom_comes_to_the_same(name: str, every: int) -> None:
    """The newest one does so ten times a second and activity, the first and the last of each without fail."""
    summary = as_json(grown(sampled(lines(name), every)), timed=False)
    wanted = EXPECTED[name]
    counts = {key: wanted[key] for key in COUNTS if key != "planned"}
    assert {key: summary[key] for key in counts} == counts
    assert summary["succeeded"] is (wanted["exit"] == 0)


def sampled(recorded: list[bytes], every: int) -> Iterator[bytes]:
    told: dict[int, int] = {}
    held: dict[int, bytes] = {}
    for line in recorded:
        event = parse(line)
        if isinstance(event, Result) and event.type == Fact.PROGRESS:
            told[event.id] = told.get(event.id, 0) + 1
            held[event.id] = line
            if told[event.id] > 1 and told[event.id] % every:
                continue
            yield held.pop(event.id)
            continue
        if isinstance(event, Stop) and event.id in held:
            yield held.pop(event.id)
        yield line


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name]["built"] > 20])
def test_a_stream_that_is_cut_off_never_says_more_than_happened(name: str) -> None:
    whole = lines(name)
    random = seeded(name)
    for _ in range(12):
        cut = whole[: random.randrange(80, len(whole) - 8)]
        cut[-1] = cut[-1][: random.randrange(len(cut[-1]))]
        tree = grown(cut)
        assert tree.succeeded is False
        assert tree.count(State.RUNNING) == 0
        assert tree.count(State.BUILT) <= EXPECTED[name]["built"]


@pytest.mark.parametrize("name", EXPECTED)
def test_two_builds_written_into_one_stream_are_both_counted(name: str) -> None:
    """Lines of two processes alternate; only numbers that are pids tell them apart."""
    other = "2.26.3-success"
    random = seeded(name)
    queues = [lines(name), lines(other)] if name != other else [lines(name)]
    mixed = []
    while any(queues):
        queue = random.choice([each for each in queues if each])
        take = random.randrange(1, 5)
        mixed += queue[:take]
        del queue[:take]
    tree = grown(mixed)
    more = EXPECTED[other]["built"] if name != other else 0
    assert tree.count(State.BUILT) == EXPECTED[name]["built"] + more


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_that_is_done_to_a_stream_makes_it_raise(name: str) -> None:
    random = seeded(name)
    for _ in range(3):
        summary = as_json(grown(spoilt(lines(name)[:2500], random)), timed=True)
        states = {state.value: 0 for state in State}
        for each in summary["derivations"]:
            states[each["state"]] += 1
        assert states["running"] == 0
        assert states["built"] == summary["built"]
        assert states["failed"] == summary["failed"]


def spoilt(recorded: list[bytes], random: Random) -> list[bytes]:
    """Lines out of order, twice, missing, cut, glued together, with other bytes in them, and such as are no events."""
    done: list[bytes] = []
    for line in recorded:
        match random.randrange(40):
            case 0:
                continue
            case 1:
                done += [line, line]
            case 2:
                done.append(line[: random.randrange(len(line) + 1)])
            case 3:
                place = random.randrange(len(line) + 1)
                done.append(line[:place] + random.randbytes(random.randrange(1, 6)) + line[place:])
            case 4:
                done.append(line + random.choice(recorded))
            case 5:
                done += [line, random.choice(NONSENSE)]
            case 6:
                done.append(line.replace(b'"id":', b'"id":-', 1))
            case 7:
                done.append(line.replace(b'"fields":[', b'"fields":[null,[],{},1e999,', 1))
            case 8:
                done.append(line.replace(b'"type":', b'"type":9', 1))
            case 9 if done:
                done.insert(random.randrange(len(done)), line)
            case 10:
                done.append(line.replace(b"/nix/store/", b"/nix/../etc/", 1))
            case _:
                done.append(line)
    return done


NONSENSE = (
    b"",
    b"\x00\xff\xfe",
    b"@nix ",
    b"@nix {}",
    b"@nix []",
    b"@nix null",
    b"@nix 1",
    b'@nix {"action":"start"}',
    b'@nix {"action":"stop","id":null}',
    b'@nix {"action":"result","id":1,"type":105,"fields":[]}',
    b'@nix {"action":"msg"}',
    b'@nix {"action":"msg","level":0,"msg":null}',
    b'@nix {"action":"msg","level":0,"msg":"error: "}',
    b'@nix {"action":"dance","id":1}',
    b'@nix {"action":"setPhase","phase":"buildPhase"}',
    b'@nix {"action":"start","id":7,"type":105,"fields":["/nix/store/../../etc/passwd.drv"]}',
    b'@nix {"action":"start","id":8,"type":105,"fields":[]}',
    b'@nix {"action":"start","id":9,"type":999,"fields":[1,2,3]}',
    b"error: builder for '/nix/store/x.drv' failed",
    b"warning: Git tree '/srv/fleet' is dirty",
    b"{" * 3000,
    b'@nix {"action":"result","id":1,"type":101,"fields":["' + b"x" * 300_000 + b'"]}',
)


def test_bytes_may_be_anything() -> None:
    random = seeded("bytes")
    whole = content("2.34.8-manyfail")
    for _ in range(50):
        place = random.randrange(len(whole))
        garbled = whole[:place] + random.randbytes(40) + whole[place:]
        tree = grown(garbled.split(b"\n"))
        assert isinstance(tree, BuildTree)
        assert tree.count(State.RUNNING) == 0
