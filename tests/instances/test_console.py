"""What an instance wrote on its console, on the command line: harmless, with its age, or why there is nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.aws.console_output import ConsoleOutput, console_lines
from nixtui.aws.instances import Instance
from nixtui.instances.console_story import as_of, why_empty
from tests.cli.conftest import Shell, shell
from tests.instances.fake_doors import JPEG, FakeDoors
from tests.instances.fake_machines import Machine

__all__ = ["shell"]

WEB = "i-0a1b2c3d4e5f60718"
BOOT = (
    "\x1b[2J\x1b[1;1H\x1b[=3h<<< NixOS Stage 1 >>>\r\n\r\n"
    "[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mOpenSSH Daemon\x1b[0m.\r\n"
    "web-1 login: "
)


@pytest.fixture
def fake(shell: Shell) -> Iterator[FakeDoors]:
    with FakeDoors(Machine(WEB, "web-1", "10.0.0.1", console=BOOT)) as running:
        shell.environ.update(running.environ)
        shell.configure('[fleet]\nsources = ["file"]\n')
        yield running


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (BOOT, ("<<< NixOS Stage 1 >>>", "", "[  OK  ] Started OpenSSH Daemon.", "web-1 login:")),
        ("a\n\rb\r\nc\rd", ("a", "b", "c", "d")),
        ("real\rfake", ("real", "fake")),  # a terminal would show the second only
        ("\x1b]0;title\x07seen\x1b]52;c;cm0gLXJm\x1b\\!", ("seen!",)),
        ("\x1bPq#0;2;0\x1b\\x\x9b31mred\x1b[", ("xred",)),
        ("before \x1b]0;never ends\nafter", ("before", "after")),
        ("user\u202etxt.exe \u200bx\x08\x00\x7fy", ("usertxt.exe xy",)),
        ("a\tb", ("a       b",)),
        ("", ()),
        ("\r\n\r\n", ()),
    ],
)
def test_nothing_on_a_console_steers_hides_or_reorders(written: str, lines: tuple[str, ...]) -> None:
    assert console_lines(written) == lines


def test_the_console_is_printed_with_its_age(shell: Shell, fake: FakeDoors) -> None:
    ended = shell.run("instance", "console", "web-1")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == "<<< NixOS Stage 1 >>>"
    assert "\x1b" not in ended.out + ended.err
    assert "as of 2026-11-24 03:12:41Z" in ended.err
    assert "EC2 keeps the last 64 KiB" in ended.err
    last = shell.run("instance", "console", WEB, "-n", "1", "--json").json
    assert last == {
        "instance_id": WEB, "name": "web-1", "region": "eu-central-1", "at": "2026-11-24T03:12:41Z", "latest": True,
        "lines": ["web-1 login:"], "empty_because": None,
    }  # fmt: skip
    assert shell.run("instance", "console", "web-1", "-n", "0").code == 2


def test_what_is_not_on_nitro_has_what_ec2_took_last(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].nitro = False
    ended = shell.run("instance", "console", "web-1", "--json")
    assert (ended.code, ended.json["latest"], len(ended.json["lines"])) == (0, False, 4), ended.err
    assert "when its state changed last" in shell.run("instance", "console", "web-1").err


def test_an_empty_console_says_why_it_may_be(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].console = ""
    ended = shell.run("instance", "console", "web-1")
    assert (ended.code, ended.out) == (0, "")
    assert "console=ttyS0 in boot.kernelParams" in ended.err
    fake.machines[WEB].state = "stopped"
    assert "the instance is stopped" in shell.run("instance", "console", "web-1", "--json").json["empty_because"]


def test_why_and_how_old_in_words() -> None:
    young = Instance(identity=WEB, region="r", state="running", launched_at=1000.0)
    assert "ask again in a few minutes" in why_empty(young, 1100.0)
    assert "console=ttyS0" in why_empty(young, 9000.0)
    assert "only starting" in why_empty(Instance(identity=WEB, region="r", state="pending"), 0.0)
    assert as_of(ConsoleOutput(("x",), 0.0, True), 200.0) == "as of 1970-01-01 00:00:00Z, 3 min ago"
    assert as_of(ConsoleOutput(("x",), 0.0, True), 20.0).endswith("just now")
    assert as_of(ConsoleOutput(("x",), 0.0), 3 * 86400.0).endswith("3 days ago, when its state changed last")
    assert as_of(ConsoleOutput(("x",)), 0.0) == "EC2 does not say as of when"


def test_who_may_not_read_it_is_told_what_is_missing(shell: Shell, fake: FakeDoors) -> None:
    fake.denied.add("GetConsoleOutput")
    ended = shell.run("instance", "console", "web-1")
    assert (ended.code, '"Action": ["ec2:GetConsoleOutput"]' in ended.err) == (1, True), ended.err


def test_a_picture_of_the_screen_goes_into_a_new_file_only(shell: Shell, fake: FakeDoors) -> None:
    ended = shell.run("instance", "console", "web-1", "--screenshot", "screen.jpg")
    file = shell.directory / "screen.jpg"
    assert (ended.code, file.read_bytes()) == (0, JPEG), ended.err
    assert f"{file} has the screen of web-1 as it is now" in ended.out
    file.write_bytes(b"precious")
    again = shell.run("instance", "console", "web-1", "--screenshot", "screen.jpg")
    assert (again.code, "is there already" in again.err, file.read_bytes()) == (2, True, b"precious")
    forced = shell.run("instance", "console", "web-1", "--screenshot", "screen.jpg", "--force", "--json")
    assert (forced.code, file.read_bytes()) == (0, JPEG)
    assert forced.json == {"instance_id": WEB, "name": "web-1", "file": str(file), "bytes": len(JPEG)}


def test_where_there_is_no_picture_there_is_no_file(shell: Shell, fake: FakeDoors) -> None:
    file = shell.directory / "screen.jpg"
    fake.has_picture = False
    ended = shell.run("instance", "console", "web-1", "--screenshot", "screen.jpg")
    assert (ended.code, "has no picture" in ended.err, file.exists()) == (1, True, False)
    fake.machines[WEB].state = "stopped"
    stopped = shell.run("instance", "console", "web-1", "--screenshot", "screen.jpg")
    assert (stopped.code, "web-1 is stopped" in stopped.err, file.exists()) == (2, True, False)
    fake.machines[WEB].state = "running"
    fake.has_picture = True
    nowhere = shell.run("instance", "console", "web-1", "--screenshot", str(Path("no") / "such" / "folder.jpg"))
    assert (nowhere.code, "cannot be written" in nowhere.err) == (2, True)
