"""Every shell script of the project: those that run on hosts in the exact text that is sent there."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nixtui.remote.transport import load_script

ROOT = Path(__file__).parent.parent
HOST_SCRIPTS = ROOT / "nixtui/remote/scripts"
SHELLS = (["dash"], ["bash", "--posix"], ["busybox", "ash"])

needs_shellcheck = pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")


def loaded() -> list[tuple[str, ...]]:
    """The arguments of every call of `load_script`: a script, and the parts that are put before it."""
    calls = []
    for path in sorted((ROOT / "nixtui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "load_script":
                calls.append(tuple(ast.literal_eval(argument) for argument in node.args))
    return calls


SENT = sorted(set(loaded()))


def is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sh" or re.match(rb"#!.*\b(sh|bash)$", file.readline().rstrip()) is not None


def kept_here() -> list[Path]:
    """Scripts that run on this machine: of the demo, the lab, and the set-up."""
    folders = [ROOT / name for name in ("nixtui/demo", "tests", ".ci")]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and is_shell(path))


def complaints(*arguments: str | Path, text: str | None = None) -> str:
    done = subprocess.run(["shellcheck", *arguments], input=text, capture_output=True, text=True, cwd=ROOT)
    return done.stdout + done.stderr


@needs_shellcheck
@pytest.mark.parametrize("words", SENT, ids="+".join)
def test_what_is_sent_to_hosts_is_posix_shell_without_complaints(words: tuple[str, ...]) -> None:
    assert complaints("--shell=sh", "-", text=load_script(*words).text) == ""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("words", SENT, ids="+".join)
def test_every_shell_understands_what_is_sent(words: tuple[str, ...], shell: list[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    read = subprocess.run([*shell, "-n"], input=load_script(*words).text, capture_output=True, text=True)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("words", SENT, ids="+".join)
def test_what_is_sent_does_the_same_in_every_locale(words: tuple[str, ...]) -> None:
    assert re.search(r"^(export )?LC_ALL=C", load_script(*words).text, re.MULTILINE)


def test_no_script_is_left_that_nobody_sends() -> None:
    sent = {f"{name}.sh" for name, *_ in SENT} | {f"parts/{part}.sh" for _, *parts in SENT for part in parts}
    assert {str(path.relative_to(HOST_SCRIPTS)) for path in HOST_SCRIPTS.rglob("*.sh")} == sent


@needs_shellcheck
@pytest.mark.parametrize("path", kept_here(), ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_for_this_machine_are_without_complaints(path: Path) -> None:
    assert complaints("--external-sources", path) == ""
