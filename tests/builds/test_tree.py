"""What the tree makes of single events: ends of builds that have no status, other machines, transfers, bounds."""

import tracemalloc

import pytest

from nixtui.builds import tree as tree_module
from nixtui.builds import worker as worker_module
from nixtui.builds.derivation import State
from nixtui.builds.transfer import Leg, Way
from nixtui.builds.tree import BuildTree
from nixtui.nix.derivation_file import Drv
from nixtui.nix.internal_json import Action, Fact, Message, Result, Start, Stop, Text
from tests.builds.events import (
    COUNTER,
    PID,
    apply,
    build,
    counted,
    drv,
    error,
    failed,
    line,
    out,
    phase,
    stop,
    worker,
)


def state(tree: BuildTree, name: str) -> State:
    return tree.derivations[drv(name)].state


def test_a_build_that_nix_counts_as_done_is_built_at_once() -> None:
    tree = apply(BuildTree(), worker(), build(2, "a"), phase(2, "buildPhase"), line(2, "hello"), at=100)
    node = tree.derivations[drv("a")]
    assert (node.state, node.phase, node.name, node.package) == (State.RUNNING, "buildPhase", "a", "a")
    assert node.seconds(109.0) == 8.0
    apply(tree, counted(1), stop(2), at=110)
    assert node.state is State.BUILT
    assert node.seconds(999.0) == 10.0
    assert node.log.last(5) == ["hello"]


def test_a_build_that_stops_uncounted_is_not_taken_for_built() -> None:
    tree = apply(BuildTree(), worker(), build(2, "a"), counted(0), stop(2))
    assert state(tree, "a") is State.RUNNING
    tree.finish(1, 9.0)
    assert state(tree, "a") is State.CUT_OFF


def test_a_nix_that_counts_ten_times_a_second_gives_credit_later() -> None:
    tree = apply(BuildTree(), worker(), counted(0), build(2, "a"), build(3, "b"), stop(2), stop(3))
    assert tree.count(State.RUNNING) == 2
    apply(tree, counted(2))
    assert tree.count(State.BUILT) == 2


def test_credit_that_went_to_one_that_failed_goes_to_the_next() -> None:
    tree = apply(BuildTree(), worker(), counted(0), build(2, "bad"), build(3, "good"), stop(2), stop(3), counted(1))
    apply(tree, failed("bad"))
    assert (state(tree, "bad"), state(tree, "good")) == (State.FAILED, State.BUILT)


def test_a_build_that_nix_counts_as_failed_is_failed_without_a_word() -> None:
    tree = apply(BuildTree(), worker(), build(2, "a"), counted(0, 1), stop(2))
    assert state(tree, "a") is State.FAILED
    apply(tree, error("timed out after 5 seconds"))
    assert tree.derivations[drv("a")].reason == "timed out after 5 seconds"


def test_an_output_that_exists_is_success_whatever_nix_counts() -> None:
    tree = BuildTree(exists=lambda path: path == out("a"))
    apply(tree, worker(), counted(0), build(2, "a"), build(3, "b"))
    tree.learn(drv("a"), Drv({"out": out("a")}, (), "s"))
    tree.learn(drv("b"), Drv({"out": out("b")}, (), "s"))
    apply(tree, stop(2), stop(3))
    assert (state(tree, "a"), state(tree, "b")) == (State.BUILT, State.RUNNING)


def learnt(tree: BuildTree, *names: str) -> None:
    for name in names:
        tree.learn(drv(name), Drv({"out": out(name)}, (), "s"))


def test_what_was_counted_and_is_there_has_ended_although_nix_says_so_only_when_all_is_over() -> None:
    there: set[str] = set()
    tree = BuildTree(exists=there.__contains__)
    apply(tree, worker(), counted(0), build(2, "a"), build(3, "slow"), at=100)
    learnt(tree, "a", "slow")
    there.add(out("a"))
    apply(tree, counted(1), at=110)
    assert (state(tree, "a"), state(tree, "slow")) == (State.BUILT, State.RUNNING)
    assert tree.derivations[drv("a")].seconds(999.0) == 8.0
    there.add(out("slow"))
    apply(tree, counted(2), stop(2), stop(3), at=400)
    assert (tree.count(State.BUILT), tree.count(State.RUNNING)) == (2, 0)


def test_what_was_counted_before_its_outputs_were_known_has_ended_once_they_are() -> None:
    tree = apply(BuildTree(exists=lambda path: path == out("a")), worker(), build(2, "a"), build(3, "b"), counted(1))
    assert state(tree, "a") is State.RUNNING
    learnt(tree, "b", "a")
    assert (state(tree, "a"), state(tree, "b")) == (State.BUILT, State.RUNNING)


def test_as_long_as_more_is_there_than_was_counted_nothing_is_taken_for_built() -> None:
    """Without a sandbox a builder writes where its output will be."""
    tree = apply(BuildTree(exists=lambda _: True), worker(), counted(0), build(2, "a"), build(3, "b"))
    learnt(tree, "a", "b")
    apply(tree, counted(1))
    assert tree.count(State.RUNNING) == 2
    apply(tree, stop(2), failed("b"), counted(1, 1), stop(3))
    assert (state(tree, "a"), state(tree, "b")) == (State.BUILT, State.FAILED)


def test_exit_status_nought_means_that_everything_went_well() -> None:
    tree = apply(BuildTree(), worker(), counted(0), build(2, "a"), stop(2))
    tree.finish(0, 9.0)
    assert (tree.succeeded, state(tree, "a")) == (True, State.BUILT)


def test_a_stream_that_ends_in_the_middle_leaves_builds_cut_off() -> None:
    tree = apply(BuildTree(), worker(), build(2, "a"))
    tree.finish(None, 9.0)
    assert (tree.succeeded, state(tree, "a")) == (False, State.CUT_OFF)


def test_a_build_on_another_machine_is_one_build_although_nix_there_tells_of_it_as_well() -> None:
    there = PID + 50
    tree = apply(BuildTree(), worker(), build(2, "a", "ssh-ng://b"), worker(there), build(60, "a"))
    assert tree.derivations[drv("a")].machine == "ssh-ng://b"
    apply(tree, counted(1, 0, there), stop(60), Stop(there))
    assert state(tree, "a") is State.RUNNING  # its outputs are not here yet
    apply(tree, counted(1), stop(2))
    assert state(tree, "a") is State.BUILT
    assert len(tree.derivations) == 1


def test_a_build_that_was_lost_with_its_machine_is_begun_again() -> None:
    tree = apply(BuildTree(), worker(), counted(0), build(2, "a", "ssh://b1"), line(2, "one"), stop(2), at=0)
    apply(tree, error("unexpected end-of-file"), build(3, "a", "ssh://b2"), line(3, "two"), at=50)
    node = tree.derivations[drv("a")]
    assert (node.state, node.machine, node.attempts, node.seconds(52.0)) == (State.RUNNING, "ssh://b2", 2, 1.0)
    apply(tree, counted(1), stop(3), Stop(COUNTER))
    tree.finish(None, 99.0)
    assert (tree.succeeded, node.state, node.log.count) == (True, State.BUILT, 2)


def test_a_lost_run_that_nix_never_ends_does_not_outlive_the_one_that_did_it() -> None:
    tree = apply(BuildTree(), build(2, "a", "ssh://b1"), build(3, "a"), stop(3))
    tree.finish(None, 9.0)
    assert (tree.succeeded, state(tree, "a")) == (True, State.BUILT)


def test_failed_and_then_built_is_built() -> None:
    tree = apply(BuildTree(), worker(), build(2, "a"), counted(0, 1), failed("a"), stop(2), build(3, "a"))
    assert tree.derivations[drv("a")].reason is None
    apply(tree, counted(1, 1), stop(3), Stop(COUNTER))
    tree.finish(None, 9.0)
    assert (tree.succeeded, state(tree, "a"), tree.count(State.FAILED)) == (True, State.BUILT, 0)


def test_a_nix_that_does_not_count_is_believed() -> None:
    tree = apply(BuildTree(), build(2, "a"), build(3, "b"), stop(2), failed("b"), stop(3), build(4, "c"), stop(4))
    apply(tree, build(5, "d"), error("interrupted by the user"), stop(5))
    tree.finish(None, 9.0)
    assert [state(tree, name) for name in "abcd"] == [State.BUILT, State.FAILED, State.BUILT, State.CUT_OFF]


def test_what_a_derivation_was_resolved_to_is_the_same_derivation() -> None:
    resolving = Start(PID + 2, Action.BUILD_WAITING, "resolved derivation", 3, 0, [drv("a"), drv("resolved-a")])
    tree = apply(BuildTree(), worker(), resolving, build(3, "resolved-a"), counted(1), stop(3), counted(2))
    assert list(tree.derivations) == [drv("a")]
    assert state(tree, "a") is State.BUILT
    apply(tree, build(4, "b"), stop(4))
    assert state(tree, "b") is State.RUNNING  # the second count was for the first one again


def test_what_a_build_waits_for_is_said_until_it_begins() -> None:
    text = f"waiting for a machine to build '{drv('a')}'"
    tree = apply(BuildTree(), Start(PID + 2, Action.BUILD_WAITING, text, 3, 0, [drv("a")]))
    assert tree.derivations[drv("a")].waits_for == text
    apply(tree, build(3, "a"))
    assert tree.derivations[drv("a")].waits_for is None


def test_the_forest_grows_in_whatever_order_files_are_read() -> None:
    tree = apply(BuildTree(), Message(f"  {drv('top')}"))
    tree.learn(drv("top"), Drv({}, (drv("a"), drv("not-built")), "s"))
    apply(tree, Message(f"  {drv('a')}"))
    tree.learn(drv("a"), Drv({}, (), "s", "alpha"))
    tree.learn(drv("a"), Drv({}, (drv("top"),), "s"))
    top, a = tree.derivations[drv("top")], tree.derivations[drv("a")]
    assert (top.needs, a.needed_by, a.needs, a.package) == ([a], [top], [], "alpha")
    assert list(tree.wanted) == [drv("top"), drv("a")]


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize(
    "heading",
    [
        "these 2 derivations will be built:",
        "this derivation will be built:",
        "these derivations will be built:",
        "these 2 paths will be fetched (0.02 MiB download, 3.04 MiB unpacked):",
    ],
)
def test_planned_lists_of_all_versions(heading: str, level: int) -> None:
    tree = apply(BuildTree(), Message(heading, level), Message(f"  {drv('a')}", level), Message(f"  {out('b')}", level))
    assert (list(tree.planned.builds), list(tree.planned.downloads)) == ([drv("a")], [out("b")])
    tree.finish(None, 1.0)
    assert tree.succeeded is True
    assert tree.errors.texts == []


def test_what_nix_does_not_know_how_to_build_is_not_planned() -> None:
    tree = apply(BuildTree(), Text("don't know how to build these paths:"), Text(f"  {out('b')}"))
    assert list(tree.planned.downloads) == []


def test_a_download_and_its_copy_are_one_whether_or_not_nix_names_the_parent() -> None:
    for parent in (0, PID + 2):
        tree = apply(
            BuildTree(),
            Start(PID + 2, Action.SUBSTITUTE, "", 0, 0, [out("a"), "https://cache"]),
            Start(PID + 3, Action.COPY_PATH, "copying", 3, parent, [out("a"), "https://cache", "local"]),
            Result(PID + 3, Fact.PROGRESS, [512, 1024, 0, 0]),
        )
        (transfer,) = tree.transfers
        assert (transfer.way, transfer.state, transfer.done, transfer.expected) == (
            Way.DOWNLOAD,
            Leg.RUNNING,
            512,
            1024,
        )
        assert transfer.bytes_per_second(6.0) == 512 / 6
        apply(tree, stop(3), stop(2))
        tree.finish(0, 9.0)
        assert (tree.transfers.count(Way.DOWNLOAD), tree.transfers.count(Way.COPY)) == (1, 0)


def test_uploads_are_told_from_copies_that_come() -> None:
    tree = apply(
        BuildTree(),
        Start(PID + 2, Action.COPY_PATH, "", 3, 0, [out("a"), "local", "ssh-ng://web-1"]),
        Start(PID + 3, Action.COPY_PATH, "", 3, 0, [out("b"), "ssh-ng://b1", "local://"]),
    )
    assert [each.is_upload for each in tree.transfers] == [True, False]


def test_a_copy_that_an_error_ends_is_no_copy() -> None:
    tree = apply(
        BuildTree(),
        Start(PID + 2, Action.COPY_PATH, "", 3, 0, [out("a"), "local", "ssh-ng://web-1"]),
        Result(PID + 2, Fact.PROGRESS, [1024, 1024, 0, 0]),
        stop(2),
        Start(PID + 3, Action.COPY_PATH, "", 3, 0, [out("b"), "local", "ssh-ng://web-1"]),
        Result(PID + 3, Fact.PROGRESS, [100, 100_000, 0, 0]),
        stop(3),
        error("writing to file: No space left on device"),
    )
    tree.finish(None, 9.0)
    assert (tree.succeeded, tree.transfers.count(Way.COPY), tree.transfers.count(Way.COPY, Leg.FAILED)) == (False, 1, 1)


def test_an_error_after_which_work_goes_on_is_not_the_end() -> None:
    tree = apply(BuildTree(), error("unable to download"), build(2, "a"), stop(2))
    tree.finish(None, 9.0)
    assert tree.succeeded is True
    tree = apply(BuildTree(), build(2, "a"), stop(2), error("unable to download"))
    tree.finish(None, 9.0)
    assert tree.succeeded is False


def test_an_error_is_told_once() -> None:
    tree = apply(BuildTree(), failed("a"), failed("a"), error("two\n  lines"), error("two lines"))
    assert len(tree.errors.texts) == 2


def test_an_error_that_nix_prints_as_plain_lines_is_understood() -> None:
    tree = apply(
        BuildTree(),
        Text(f"error: hash mismatch in fixed-output derivation '{drv('a')}':"),
        Text("         specified: sha256-AAAA="),
        Text("            got:    sha256-BBBB="),
    )
    node = tree.derivations[drv("a")]
    assert (node.state, node.wanted_hash, node.got_hash) == (State.FAILED, "sha256-AAAA=", "sha256-BBBB=")
    assert len(tree.errors.texts) == 1


def test_nothing_at_all_says_nothing_of_success() -> None:
    tree = BuildTree()
    tree.finish(None, 1.0)
    assert tree.succeeded is None


def test_a_stream_that_names_too_much_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_DERIVATIONS", 10)
    monkeypatch.setattr(tree_module, "MAX_OPEN", 20)
    monkeypatch.setattr(tree_module, "MAX_WORKERS", 5)
    tree = BuildTree()
    for number in range(100):
        apply(tree, build(number, f"package-{number}"), Stop(number << 32), worker((number << 32) + 1))
        apply(tree, counted(1, 0, (number << 32) + 1))
    assert len(tree.derivations) == 10
    assert len(tree.open) == 20
    assert len(tree.workers) == 5
    tree.finish(None, 1.0)


def test_a_stream_that_never_comes_to_anything_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds that stop uncounted, counters that never stop, names of a megabyte."""
    monkeypatch.setattr(worker_module, "MAX_WAITING", 500)
    monkeypatch.setattr(tree_module, "MAX_OPEN", 500)
    tree = apply(BuildTree(), worker(), counted(0))
    tracemalloc.start()
    try:
        for number in range(6_000):
            activity = PID + 100 + number
            tree.apply(Start(activity, Action.BUILD, "x" * 100, 3, 0, [drv("a"), "m" * 1000, 1, 1]), 0.0)
            tree.apply(Stop(activity), 0.0)
            tree.apply(Start(activity + 2**20, Action.BUILDS), 0.0)
            tree.apply(Result(activity + 2**20, Fact.PROGRESS, [number, 9, 9, 9]), 0.0)
            if number % 1000 == 0:
                tree.apply(Start(PID, Action.FILE_TRANSFER, "", 0, 0, [f"https://{number}" + "x" * 10**6]), 0.0)
                tree.apply(Message("error: " + f"{number}" * 10**5, 0), 0.0)
                tree.apply(Start(PID, Action.BUILD_WAITING, "", 0, 0, [drv("a"), "x" * 10**6 + ".drv"]), 0.0)
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    tree.finish(None, 1.0)
    assert grown < 600_000
