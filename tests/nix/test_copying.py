"""What a copy tells, as Nix 2.8 printed it, and what its failures mean."""

import pytest

from nixtui.nix.copying import Copied, CopyLog, explain
from nixtui.nix.local_store import _sizes

PATH = "/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-nixos-system-h1-26.05.20261112.7b1c0de"
START = (
    f'@nix {{"action":"start","fields":["{PATH}","local","ssh://h2"],"id":7,"level":3,"text":"copying","type":100}}'
).encode()
PART = b'@nix {"action":"result","fields":[400,1000,0,0],"id":7,"type":105}'
STOP = b'@nix {"action":"stop","id":7}'


def test_bytes_are_those_of_paths_that_are_there_and_the_part_of_the_one_on_its_way() -> None:
    told: list[Copied] = []
    log = CopyLog({PATH: 1000}, told.append)
    assert all(log.hear(line) for line in (START, PART, STOP))
    assert told == [Copied(0, 400.0), Copied(1, 1000.0)]


@pytest.mark.parametrize(
    "line",
    [
        b"@nix {",
        b"@nix []",
        b'@nix {"action":"start","type":100,"id":7,"fields":[[1]]}',
        b'@nix {"action":"result","type":105,"id":7,"fields":["many"]}',
        b'@nix {"action":"msg","level":0,"msg":17}',
        b"@nix \xff\xfe",
    ],
)
def test_an_event_that_makes_no_sense_is_passed_over(line: bytes) -> None:
    log = CopyLog({PATH: 1000}, lambda _: None)
    log.hear(START)
    assert log.hear(line)


def test_what_is_no_event_is_kept_for_errors() -> None:
    assert not CopyLog({}, lambda _: None).hear(b"Permission denied (publickey).")


@pytest.mark.parametrize(
    ("said", "told", "again"),
    [
        ("error: cannot add path '/nix/store/x' because it lacks a signature by a trusted key", "trusted user", False),
        ("error: writing to file: No space left on device", "disk of the host's store is full", False),
        ("me@h1: Permission denied (publickey).", "ssh could not log in", False),
        ("Host key verification failed.", "ssh could not log in", False),
        ("bash: line 1: nix-store: command not found", "no nix-store", False),
        ("error: unexpected end-of-file", "broke off: unexpected end-of-file", True),
    ],
)
def test_a_failure_is_one_sentence_and_says_whether_to_try_again(said: str, told: str, again: bool) -> None:
    error = explain((said,), "nix ended with status 1")
    assert told in error.reason
    assert error.again is again


@pytest.mark.parametrize(
    "answer",
    [
        b'[{"path":"/nix/store/a-b","narSize":5}]',
        b'{"/nix/store/a-b":{"narSize":5}}',
        b'{"a-b":{"narSize":5}}',
    ],
    ids=["2.8", "2.19", "2.33"],
)
def test_sizes_are_read_whichever_nix_says_them(answer: bytes) -> None:
    assert _sizes(answer) == {"/nix/store/a-b": 5}
