"""The nix command: how it is started, how it ends, and that nothing of it is left."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nixtui.nix.errors import NixBadAnswer, NixFailed, NixMissing, NixTimedOut
from nixtui.nix.process import run_nix
from tests.nix.flakes import environ, stand_in

LEAVES_A_CHILD = 'sleep 1000 & echo $! >"$HERE/child"; echo $$ >"$HERE/nix"; '


async def run(tmp_path: Path, script: str, time_limit: float = 20) -> bytes:
    return await run_nix(["eval"], directory=tmp_path, environ=stand_in(tmp_path, script), time_limit=time_limit)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of another process there is no event
            await asyncio.sleep(0.01)


def is_running(pid_file: Path) -> bool:
    """A zombie is not: who has to reap it is up to init."""
    try:
        pid = int(pid_file.read_text())
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ValueError):  # gone, or stopped before it had written its id
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def is_written(file: Path) -> bool:
    return file.exists() and file.read_text().endswith("\n")


async def test_the_exact_command(tmp_path: Path) -> None:
    answer = await run(tmp_path, 'printf "%s\\n" "$@"; echo "$PWD"')
    assert answer.decode().splitlines() == [
        "--extra-experimental-features",
        "nix-command flakes",
        "eval",
        str(tmp_path),
    ]


async def test_the_real_nix_answers(tmp_path: Path) -> None:
    answer = await run_nix(
        ["eval", "--json", "--expr", '{ a = "ü"; }'], directory=tmp_path, environ=environ(tmp_path), time_limit=60
    )
    assert answer.strip() == '{"a":"ü"}'.encode()


async def test_it_has_no_terminal_and_no_input(tmp_path: Path) -> None:
    script = "if (: </dev/tty) 2>/dev/null; then echo terminal; fi; if read -r line; then echo input; fi; echo done"
    assert await run(tmp_path, script) == b"done\n"


async def test_without_nix_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NixMissing, match=r"there is no nix command.*name the hosts"):
        await run_nix(["eval"], directory=tmp_path, environ={"PATH": str(tmp_path)}, time_limit=20)


async def test_a_nix_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    environ = stand_in(tmp_path, "")
    (tmp_path / "programs" / "nix").chmod(0o644)
    with pytest.raises(NixMissing, match="cannot be started: Permission denied"):
        await run_nix(["eval"], directory=tmp_path, environ={**environ, "PATH": f"{tmp_path}/programs"}, time_limit=20)


async def test_a_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(NixMissing, match=r"or no directory .*/gone"):
        await run_nix(["eval"], directory=tmp_path / "gone", environ=environ(tmp_path), time_limit=20)


async def test_a_failure_is_called_by_its_innermost_error(tmp_path: Path) -> None:
    """As Nix 2.34 prints it: the way down first, colours and a hint about the trace."""
    said = """
        warning: Git tree '/srv/fleet' is dirty
        \\033[31;1merror:\\033[0m
               … while evaluating attribute 'c'
                 at /nix/store/x/flake.nix:1:1:

               \\033[31;1merror:\\033[0m attribute 'x' missing
               at /nix/store/x/flake.nix:1:282:
        (use '--show-trace' to show detailed location information)
        """
    with pytest.raises(NixFailed) as caught:
        await run(tmp_path, f"""printf "{said}" >&2; exit 1""")
    assert caught.value.reason == "attribute 'x' missing"
    assert caught.value.log == ("error: attribute 'x' missing", "at /nix/store/x/flake.nix:1:282:")


async def test_the_real_nix_fails_likewise(tmp_path: Path) -> None:
    with pytest.raises(NixFailed) as caught:
        await run_nix(
            ["eval", "--expr", 'throw "no such luck"'], directory=tmp_path, environ=environ(tmp_path), time_limit=60
        )
    assert caught.value.reason == "no such luck"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "nix ended with status 3 and no word"),
        ("echo 'something else' >&2; exit 1", "something else"),
        ("kill -9 $$", "nix ended with status -9 and no word"),
        (r"printf 'error: \033]0;title\007x\200y\000z\n' >&2; exit 1", "]0;titlex�yz"),
    ],
)
async def test_failures_without_a_proper_word(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(NixFailed) as caught:
        await run(tmp_path, script)
    assert caught.value.reason == reason


async def test_a_partial_answer_of_a_failure_is_no_answer(tmp_path: Path) -> None:
    """Nix 2.8 writes JSON as it evaluates, and has written half of it when it fails."""
    with pytest.raises(NixFailed):
        await run(tmp_path, """printf '{"a":'; echo 'error: x' >&2; exit 1""")


async def test_of_a_flood_on_standard_error_the_end_is_kept(tmp_path: Path) -> None:
    flood = "yes 'a line of noise' | head -n 300000; head -c 3000000 /dev/zero; echo; echo 'error: x'; exit 1"
    with pytest.raises(NixFailed) as caught:
        await run(tmp_path, f"exec >&2; {flood}")
    assert caught.value.log == ("error: x",)


async def test_an_answer_without_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(NixBadAnswer, match="more than 32 MiB"):
        await run(tmp_path, LEAVES_A_CHILD + "yes")
    await until(lambda: not is_running(tmp_path / "child"))


async def test_a_nix_that_takes_too_long_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    with pytest.raises(NixTimedOut, match="did not finish within 1 s and was stopped"):
        await run(tmp_path, LEAVES_A_CHILD + "sleep 1000", time_limit=1)
    assert not is_running(tmp_path / "nix")
    await until(lambda: not is_running(tmp_path / "child"))


async def test_one_that_will_not_listen_is_killed(tmp_path: Path) -> None:
    with pytest.raises(NixTimedOut):
        await run(tmp_path, "trap '' TERM; " + LEAVES_A_CHILD + "while :; do sleep 1; done", time_limit=0.5)
    assert not is_running(tmp_path / "nix")


async def test_one_that_ended_but_left_a_child_with_our_pipes_does_not_hold_us(tmp_path: Path) -> None:
    with pytest.raises(NixTimedOut):
        await run(tmp_path, LEAVES_A_CHILD + "exit 0", time_limit=0.5)
    await until(lambda: not is_running(tmp_path / "child"))


async def test_cancelling_stops_it_with_all_it_started(tmp_path: Path) -> None:
    task = asyncio.create_task(run(tmp_path, LEAVES_A_CHILD + "sleep 1000"))
    await until(lambda: is_written(tmp_path / "nix"))
    assert is_running(tmp_path / "child")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(tmp_path / "nix")
    await until(lambda: not is_running(tmp_path / "child"))


@pytest.mark.parametrize("turns", range(16))
async def test_cancelling_at_any_moment_of_the_start_neither_hangs_nor_leaves_anything(
    tmp_path: Path, turns: int
) -> None:
    """asyncio waits for ever when it is cancelled between starting a process and connecting its pipes."""
    task = asyncio.create_task(run(tmp_path, LEAVES_A_CHILD + "sleep 1000"))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(asyncio.CancelledError):
            await task
    for left in ("nix", "child"):
        await until(lambda left=left: not is_running(tmp_path / left))


async def test_the_environment_is_the_one_that_was_passed_in(tmp_path: Path) -> None:
    environ: Mapping[str, str] = {**stand_in(tmp_path, "env | sort"), "SHOWN": "yes"}
    answer = await run_nix(["eval"], directory=tmp_path, environ=environ, time_limit=20)
    assert b"SHOWN=yes\n" in answer
    assert b"PYTEST" not in answer
