"""What a bench found, beside the bar that it has to clear."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path


class Side(Enum):
    """Where of its bar a figure has to be."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `bar` is in the same unit, and `None` where the number is only good to know."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    side: Side = Side.AT_MOST

    @property
    def passed(self) -> bool | None:
        """Whether it clears its bar, if it has one."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.side is Side.AT_MOST else self.value >= self.bar


def at_most(what: str, value: float, unit: str, bar: float) -> Figure:
    """A cost: less is better."""
    return Figure(what, value, unit, bar, Side.AT_MOST)


def at_least(what: str, value: float, unit: str, bar: float) -> Figure:
    """A gain: more is better."""
    return Figure(what, value, unit, bar, Side.AT_LEAST)


def table(title: str, figures: Iterable[Figure]) -> str:
    """Lines for people: figure, value, bar, passed."""
    return "\n".join([title, *(_row(figure) for figure in figures)])


def measured(name: str) -> tuple[str, list[Figure]]:
    """Run one bench, here: its title and its figures."""
    bench = import_module(f"tests.bench.bench_{name}")
    return bench.TITLE, bench.figures()


def memory_kib() -> int:
    """What this process holds now."""
    fields = Path("/proc/self/status").read_text().split()
    return int(fields[fields.index("VmRSS:") + 1])


def _row(figure: Figure) -> str:
    value = f"  {figure.what:<72} {_number(figure.value):>9} {figure.unit:<6}"
    if figure.bar is None:
        return value.rstrip()
    verdict = "passed" if figure.passed else "MISSED"
    return f"{value} {figure.side.value} {_number(figure.bar):<7} {verdict}"


def _number(value: float) -> str:
    """Three digits that count, and no more of them than a noisy machine can give."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
