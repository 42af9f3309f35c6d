"""Which rows of the tree are drawn, and in which order."""

from nixtui.builds.derivation import State
from nixtui.builds.tree import BuildTree
from nixtui.builds.view import rows
from nixtui.nix.derivation_file import Drv
from nixtui.nix.internal_json import Message
from tests.builds.events import apply, build, counted, drv, failed, phase, stop, worker

GRAPH = {"top": ("left", "right", "done"), "left": ("bad", "deep"), "right": ("runs", "next"), "deep": (), "done": ()}


def forest(graph: dict[str, tuple[str, ...]] = GRAPH) -> BuildTree:
    tree = BuildTree()
    names = dict.fromkeys([*graph, *(needed for needs in graph.values() for needed in needs)])
    for name in names:
        apply(tree, Message(f"  {drv(name)}"))
    for name, needs in graph.items():
        tree.learn(drv(name), Drv({}, tuple(map(drv, needs)), "s"))
    return tree


def drawn(tree: BuildTree, most: int = 50) -> list[str]:
    return [f"{'  ' * row.depth}{row.derivation.name}" for row in rows(tree, most)]


def under_way() -> BuildTree:
    tree = forest()
    apply(tree, worker(), build(2, "done"), counted(1), stop(2), build(3, "bad"), build(4, "runs", "ssh://b"))
    apply(tree, phase(4, "checkPhase"), counted(1, 1), failed("bad"), stop(3), at=10)
    return tree


def test_the_way_to_what_failed_comes_first_then_what_runs_and_done_is_folded() -> None:
    assert drawn(under_way()) == ["top", "  left", "    bad", "    deep", "  right", "    runs", "    next"]
    assert rows(under_way(), 50)[0].folded == {State.BUILT: 1}


def test_little_room_goes_to_failed_and_running_ones_and_the_way_to_them() -> None:
    assert drawn(under_way(), 5) == ["top", "  left", "    bad", "  right", "    runs"]
    assert drawn(under_way(), 3) == ["top", "  left", "    bad"]
    assert drawn(under_way(), 1) == ["bad"]
    assert drawn(under_way(), 0) == []


def test_without_derivation_files_it_is_a_list() -> None:
    tree = apply(BuildTree(), Message(f"  {drv('later')}"), build(2, "a"), build(3, "b"), failed("b"))
    assert drawn(tree) == ["b", "a", "later"]


def test_what_is_needed_twice_is_drawn_once() -> None:
    assert sorted(drawn(forest({"top": ("a", "b"), "a": ("c",), "b": ("c",)}))) == ["    c", "  a", "  b", "top"]


def test_files_that_go_in_circles_do_no_harm() -> None:
    tree = forest({"a": ("b",), "b": ("a", "b")})
    assert len(drawn(tree)) <= 2
    assert len(drawn(tree, 1)) <= 1


def test_a_row_says_what_one_wants_to_know() -> None:
    texts = {row.derivation.name: row.text(20.0, typical=75.0).strip() for row in rows(under_way(), 50)}
    assert texts["bad"] == "✗ bad  failed: exit code 1 9.0s"
    assert texts["runs"] == "▶ runs  checkPhase on ssh://b 15s (∅ 1m15s)"
    assert texts["next"] == "· next  waiting (∅ 1m15s)"
    assert texts["top"].endswith("[1 built]")
