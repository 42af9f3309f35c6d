"""How long it will take."""

from nixtui.builds.estimates import Estimates, Remaining
from nixtui.builds.tree import BuildTree
from nixtui.nix.derivation_file import Drv
from nixtui.nix.internal_json import Message
from tests.builds.events import apply, build, counted, drv, stop, worker

TYPICAL = {("linux", ""): 100.0, ("linux", "ssh://fast"): 20.0, ("etc", ""): 2.0, ("system", ""): 10.0}


def planned() -> BuildTree:
    """system needs linux and etc."""
    tree = BuildTree()
    for name in ("system-1", "linux-6", "etc"):
        apply(tree, Message(f"  {drv(name)}"))
    tree.learn(drv("system-1"), Drv({}, (drv("linux-6"), drv("etc")), "s"))
    return tree


def test_the_longest_chain_counts() -> None:
    tree = apply(planned(), worker(), build(2, "linux-6"), build(3, "etc"))
    assert Estimates(TYPICAL).remaining(tree, 1.0) == Remaining(110.0, 0)
    assert Estimates(TYPICAL).remaining(tree, 41.0) == Remaining(70.0, 0)


def test_what_takes_longer_than_ever_may_be_done_any_moment() -> None:
    tree = apply(planned(), worker(), build(2, "linux-6"), build(3, "etc"))
    assert Estimates(TYPICAL).remaining(tree, 1000.0) == Remaining(10.0, 0)


def test_one_after_the_other_takes_the_sum() -> None:
    tree = apply(planned(), worker(), build(2, "linux-6"), at=0)
    assert Estimates(TYPICAL).remaining(tree, 1.0) == Remaining(112.0, 0)


def test_a_machine_has_its_own_past_and_else_this_one_s() -> None:
    tree = apply(BuildTree(), build(2, "linux-6", "ssh://fast"), build(3, "etc", "ssh://new"))
    nodes = tree.derivations
    assert [Estimates(TYPICAL).of(nodes[drv(name)]) for name in ("linux-6", "etc")] == [20.0, 2.0]


def test_what_is_unknown_is_said_and_not_invented() -> None:
    tree = apply(BuildTree(), Message(f"  {drv('new-1')}"), build(2, "etc"))
    assert Estimates(TYPICAL).remaining(tree, 1.0) == Remaining(2.0, 1)
    assert Estimates({}).remaining(tree, 1.0) == Remaining(None, 2)


def test_nothing_is_left_of_what_is_over() -> None:
    tree = apply(BuildTree(), worker(), build(2, "etc"), counted(1), stop(2))
    assert Estimates(TYPICAL).remaining(tree, 1.0) == Remaining(0.0, 0)


def test_the_package_s_own_name_is_looked_up() -> None:
    tree = apply(BuildTree(), Message(f"  {drv('python3.13-requests-2.32')}"))
    tree.learn(drv("python3.13-requests-2.32"), Drv({}, (), "s", "requests"))
    (node,) = tree.derivations.values()
    assert Estimates({("requests", ""): 5.0}).of(node) == 5.0


def test_circles_and_long_chains_end() -> None:
    tree = BuildTree()
    names = [f"p{number}-1" for number in range(3000)]
    for name in names:
        apply(tree, Message(f"  {drv(name)}"))
    for name, needed in zip(names, names[1:] + names[:1], strict=True):
        tree.learn(drv(name), Drv({}, (drv(needed),), "s"))
    found = Estimates({(f"p{number}", ""): 1.0 for number in range(3000)}).remaining(tree, 0.0)
    assert found.seconds is not None
    assert 3000.0 <= found.seconds <= 3001.0
