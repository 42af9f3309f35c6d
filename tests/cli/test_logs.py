"""`nixtui logs` on the embedded fleet: text, lines of JSON, following, and what cannot be read."""

import json
import signal

from tests.cli.conftest import Shell

KEYS = {"at", "host", "unit", "identifier", "pid", "priority", "message", "cursor"}


def test_lines_of_json_in_the_order_of_time(shell: Shell) -> None:
    ended = shell.run("demo", "--", "logs", "web-1", "db-1", "--lines", "20", "--json")
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert len(lines) == 20
    assert all(set(line) == KEYS for line in lines)
    assert {line["host"] for line in lines} == {"web-1", "db-1"}
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


def test_text_of_a_unit_and_hosts_that_are_away(shell: Shell) -> None:
    ended = shell.run("demo", "--", "logs", "web-1", "cache-2", "-u", "shop-api", "-n", "3", "-p", "info")
    assert ended.code == 4
    lines = ended.out.splitlines()
    assert len(lines) == 3
    assert all(" web-1 shop-api.service[" in line for line in lines)
    assert "cache-2: 127.0.0.1" in ended.err
    assert shell.run("demo", "--", "logs", "cache-2").code == 3


def test_a_text_and_a_time(shell: Shell) -> None:
    ended = shell.run("demo", "--", "logs", "web-*", "--grep", "slow query", "--since", "2h", "--until", "1s", "--json")
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert lines
    assert all("slow query" in line["message"] for line in lines)


def test_following_until_interrupted(shell: Shell) -> None:
    process = shell.start("demo", "--", "logs", "web-1", "web-2", "--follow", "--json", "--lines", "1")
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline()) for _ in range(4)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert len({(line["host"], line["cursor"]) for line in seen}) == 4


def test_what_makes_no_sense_is_exit_2(shell: Shell) -> None:
    for words in (["--priority", "loud"], ["--since", "soon"], ["--lines", "0"], ["--follow", "--until", "1m"]):
        ended = shell.run("demo", "--", "logs", "web-1", *words)
        assert ended.code == 2, words
        assert ended.out == ""
