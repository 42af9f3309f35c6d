"""`nixtui build --replay`: recorded streams of every kind, and files that are none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.builds.recorded import content
from tests.cli.conftest import Ended, Shell

KEYS = {
    "succeeded",
    "planned",
    "built",
    "failed",
    "failed_dependencies",
    "downloaded",
    "copied",
    "derivations",
}


def recorded(shell: Shell, name: str) -> str:
    path = shell.directory / f"{name}.jsonl"
    path.write_bytes(content(name))
    return str(path)


def piped(shell: Shell, stream: bytes, *arguments: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", "nixtui", *arguments],
        cwd=shell.directory,
        env=shell.environ,
        input=stream,
        capture_output=True,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_failed_build_as_json(shell: Shell) -> None:
    ended = shell.run("build", "--replay", recorded(shell, "2.34.8-failure"), "--json")
    assert ended.code == 1
    assert ended.err == ""
    answer = ended.json
    assert set(answer) >= KEYS
    counts = {key: answer[key] for key in KEYS - {"derivations"}}
    assert counts == {
        "succeeded": False,
        "planned": 63,
        "built": 24,
        "failed": 1,
        "failed_dependencies": 1,
        "downloaded": 0,
        "copied": 0,
    }
    (failed,) = [each for each in answer["derivations"] if each["state"] == "failed"]
    assert set(failed) >= {"name", "drv_path", "state", "phase", "seconds", "log_lines"}
    assert failed["name"] == "openssh-10.2p1"
    assert failed["drv_path"].endswith("-openssh-10.2p1.drv")
    assert (failed["phase"], failed["seconds"], failed["log_lines"], failed["exit_code"]) == ("fixupPhase", None, 80, 2)
    assert len(answer["derivations"]) == 63


def test_a_build_that_succeeded_is_one_line_and_exit_0(shell: Shell) -> None:
    ended = shell.run("build", "--replay", recorded(shell, "2.8.0-success"))
    assert (ended.code, ended.out, ended.err) == (0, "succeeded: 63 built\n", "")


def test_a_failed_build_as_text_ends_with_what_failed(shell: Shell) -> None:
    ended = shell.run("build", "--replay", recorded(shell, "2.8.0-failure-keep-going"))
    assert ended.code == 1
    assert "✗ systemd-258.2  failed: exit code 2 in fixupPhase" in ended.out
    assert "zlib.h: No such file or directory" in ended.out
    assert ended.out.splitlines()[-1] == "failed: 59 built, 1 failed, 3 not built for a failed dependency"


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_from_standard_input_the_times_are_real(shell: Shell, name: str) -> None:
    ended = piped(shell, content("2.26.3-success"), "build", "--replay", name, "--json")
    assert ended.code == 0
    assert ended.json["built"] == 63
    assert all(each["seconds"] >= 0 for each in ended.json["derivations"])


def test_from_a_pipe_with_a_name(shell: Shell) -> None:
    pipe = shell.directory / "pipe"
    os.mkfifo(pipe)
    process = shell.start("build", "--replay", str(pipe), "--json")
    pipe.write_bytes(content("2.34.8-substitute"))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"downloaded": 63' in out


def test_a_pipe_that_nobody_writes_to_can_be_left(shell: Shell) -> None:
    pipe = shell.directory / "pipe"
    os.mkfifo(pipe)
    process = shell.start("build", "--replay", str(pipe))
    deadline = time.monotonic() + 30
    while len(list(Path(f"/proc/{process.pid}/task").iterdir())) < 2:  # the thread that reads
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "interrupted\n"


@pytest.mark.parametrize(("name", "word"), [("missing", "No such file"), (".", "is a directory")])
def test_what_cannot_be_read_is_exit_2_with_a_remedy(shell: Shell, name: str, word: str) -> None:
    ended = shell.run("build", "--replay", name)
    assert ended.code == 2
    assert word in ended.err
    assert "recorded stream" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("stream", [b"", b"\n\n", os.urandom(200_000), b"\x00" * 10**6, b"no events\nat all\n"])
def test_a_file_without_events_is_no_success(shell: Shell, stream: bytes) -> None:
    ended = piped(shell, stream, "build", "--replay", "-", "--json")
    assert ended.code == 1
    assert ended.json["succeeded"] is None
    assert "--log-format internal-json" in ended.err


def test_a_line_of_ten_megabytes_does_no_harm(shell: Shell) -> None:
    lines = content("2.8.0-failure").split(b"\n")
    long = b'@nix {"action":"result","fields":["' + b"x" * 10_000_000 + b'"],"id":1,"type":101}'
    ended = piped(shell, b"\n".join([*lines[:2000], long, b"y" * 10_000_000, *lines[2000:]]), "build", "--replay", "-")
    assert ended.code == 1
    assert ended.out.splitlines()[-1].startswith("failed: 24 built, 1 failed, 1 not built")


def test_no_control_sequence_reaches_the_terminal(shell: Shell) -> None:
    drv = "/nix/store/" + "0" * 32 + "-a.drv"
    stream = (
        f'{{"action":"start","id":1,"type":105,"fields":["{drv}","\\u001b]0;evil\\u0007ssh://b",1,1]}}\n'
        '{"action":"result","id":1,"type":104,"fields":["\\u001b[2Jphase"]}\n'
        '{"action":"result","id":1,"type":101,"fields":["\\u001b[2Jcleared\\u009b31m"]}\n'
        f'{{"action":"msg","level":0,"msg":"error: builder for \'{drv}\' failed with exit code 1\\u001b[2J"}}\n'
        '{"action":"msg","level":0,"msg":"error: \\u001b[2Jother \\u202e"}\n'
        '{"action":"stop","id":1}\n'
    )
    ended = piped(shell, stream.encode(), "build", "--replay", "-")
    assert ended.code == 1
    assert "cleared" in ended.out
    assert all(sign.isprintable() or sign == "\n" for sign in ended.out)
