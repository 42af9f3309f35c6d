"""The real nix of this machine builds, and the tree watches it."""

import os
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from nixtui.builds.derivation import State
from nixtui.builds.intake import Intake
from nixtui.builds.log import BuildLogs
from nixtui.builds.transfer import Way
from nixtui.builds.tree import BuildTree
from nixtui.builds.view import rows
from nixtui.nix.derivation_file import read_drv

GRAPH = """
{ seed }:
let
  make = name: needed: script: derivation {
    inherit name seed needed;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-c" script ];
  };
  good = name: needed: make name needed ''
    echo "@nix { \\"action\\": \\"setPhase\\", \\"phase\\": \\"buildPhase\\" }" >&$NIX_LOG_FD
    i=0; while [ $i -lt 2000 ]; do echo "line $i of $name"; i=$((i+1)); done; echo $needed > $out'';
  bad = make "bad-1.0" [ ] "echo about to fail; exit 3";
in {
  good = good "top-1.0" [ (good "left-1.0" [ (good "leaf-1.0" [ ]) ]) (good "right-1.0" [ ]) ];
  bad = good "top-2.0" [ (good "middle-1.0" [ bad ]) (good "fine-1.0" [ ]) ];
}
"""

NIX = ("nix", "--extra-experimental-features", "nix-command", "--log-format", "internal-json", "-v")
CONFIGURATION = "build-users-group =\nsubstituters =\nsandbox = false\nmax-jobs = 2\n"


def watch(directory: Path, logs: Path, *words: str) -> BuildTree:
    """Run nix, its standard error fed to a tree piece by piece, its derivations read as they are named."""
    environ = {**os.environ, "NIX_CONFIG": CONFIGURATION, "XDG_CACHE_HOME": str(directory / "cache")}
    tree = BuildTree(logs=BuildLogs(logs), exists=lambda path: Path(path).exists())
    intake = Intake(tree, monotonic, read=read_drv)
    process = subprocess.Popen([*NIX, *words], cwd=directory, env=environ, stderr=subprocess.PIPE, stdout=-3)
    assert process.stderr is not None
    while piece := os.read(process.stderr.fileno(), 2**14):
        intake.feed(piece)
        while intake.work():
            pass
    intake.end()
    while intake.work():
        pass
    process.stderr.close()
    tree.finish(process.wait(), monotonic())
    return tree


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    (tmp_path / "graph.nix").write_text(GRAPH)
    return tmp_path


def build(directory: Path, attribute: str, *words: str) -> BuildTree:
    arguments = ("build", "--no-link", "-f", "graph.nix", attribute, "--argstr", "seed", str(directory), *words)
    return watch(directory, directory / "logs", *arguments)


def test_a_build_from_its_first_line_to_its_last(graph: Path) -> None:
    tree = build(graph, "good")
    assert tree.succeeded is True
    by_name = {each.name: each for each in tree.derivations.values()}
    assert {name: each.state for name, each in by_name.items()} == dict.fromkeys(
        ("leaf-1.0", "left-1.0", "right-1.0", "top-1.0"), State.BUILT
    )
    top = by_name["top-1.0"]
    assert {each.name for each in top.needs} == {"left-1.0", "right-1.0"}
    assert top.phase == "buildPhase"
    assert 0 < (top.seconds(monotonic()) or 0) < 60
    assert list(top.log.lines()) == [f"line {number} of top-1.0" for number in range(2000)]
    assert top.log.path is not None


def test_a_failure_and_what_it_took_with_it(graph: Path) -> None:
    tree = build(graph, "bad", "--keep-going")
    assert tree.succeeded is False
    states = {each.name: each.state for each in tree.derivations.values()}
    assert states == {
        "bad-1.0": State.FAILED,
        "middle-1.0": State.FAILED_DEPENDENCY,
        "top-2.0": State.FAILED_DEPENDENCY,
        "fine-1.0": State.BUILT,
    }
    drawn = [f"{'  ' * row.depth}{row.derivation.name}" for row in rows(tree, 10)]
    assert drawn == ["top-2.0", "  middle-1.0", "    bad-1.0"]
    (failed,) = tree.by_state[State.FAILED].values()
    assert (failed.exit_code, failed.log.last(3)) == (3, ["about to fail"])


def test_a_copy_to_another_store(graph: Path) -> None:
    tree = build(graph, "good")
    (top,) = [each for each in tree.derivations.values() if each.name == "top-1.0"]
    copied = watch(graph, graph / "logs", "copy", "--to", f"file://{graph}/cache", *top.outputs)
    assert copied.succeeded is True
    assert copied.transfers.count(Way.COPY) == 4
    assert all(each.is_upload for each in copied.transfers if each.way is Way.COPY)
