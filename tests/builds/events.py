"""Streams made by hand, for what no recorded one has."""

from nixtui.builds.tree import BuildTree
from nixtui.nix.internal_json import Action, Event, Fact, Message, Result, Start, Stop

PID = 4711 << 32
COUNTER = PID + 1


def drv(name: str) -> str:
    return f"/nix/store/{'0' * 32}-{name}.drv"


def out(name: str) -> str:
    return f"/nix/store/{'1' * 32}-{name}"


def worker(activity: int = COUNTER) -> Start:
    return Start(activity, Action.BUILDS)


def build(number: int, name: str, machine: str = "") -> Start:
    return Start(PID + number, Action.BUILD, "building", 3, 0, [drv(name), machine, 1, 1])


def stop(number: int) -> Stop:
    return Stop(PID + number)


def counted(done: int, failed: int = 0, activity: int = COUNTER) -> Result:
    return Result(activity, Fact.PROGRESS, [done, 9, 1, failed])


def line(number: int, text: str) -> Result:
    return Result(PID + number, Fact.BUILD_LOG_LINE, [text])


def phase(number: int, name: str) -> Result:
    return Result(PID + number, Fact.SET_PHASE, [name])


def error(text: str) -> Message:
    return Message(f"\x1b[31;1merror:\x1b[0m {text}", 0)


def failed(name: str, how: str = "failed with exit code 1") -> Message:
    return error(f"builder for '\x1b[35;1m{drv(name)}\x1b[0m' {how}")


def apply(tree: BuildTree, *events: Event, at: float = 0.0) -> BuildTree:
    """One second after the other."""
    for event in events:
        tree.apply(event, at)
        at += 1.0
    return tree
