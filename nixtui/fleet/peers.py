"""Which configuration revision a host's peers run: the one host that was forgotten by a deploy stands out.

Peers are hosts that should run the same: of one role in one environment, or, without a `role` tag, of one name but for
its numbers (`web-1` and `web-12`). Kept change by change, so that asking costs nothing.
"""

import re
from collections.abc import Set
from functools import lru_cache
from typing import Final

from nixtui.model.host import Host

ENOUGH: Final = 3
"""Of two hosts that differ nobody knows which is the odd one."""

Kind = tuple[str | None, str, str]
"""Environment, what it is named by (`role`, `name`), and that."""


@lru_cache(maxsize=65536)
def _without_numbers(name: str) -> str:
    return re.sub(r"[0-9]+", "#", name)


def kind_of(host: Host) -> Kind:
    """What a host is one of."""
    role = host.tags.get("role")
    if role:
        return host.environment, "role", role
    return host.environment, "name", _without_numbers(host.flake_attr or host.name)


class _Kin:
    """Hosts of one kind by what they run. `usual` is what more than half of them run."""

    __slots__ = ("names", "usual")

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}
        self.usual: str | None = None

    def settle(self) -> bool:
        """Find out what is usual; true when it is something else than before."""
        before, total = self.usual, sum(map(len, self.names.values()))
        most = max(self.names, key=lambda revision: len(self.names[revision]), default=None)
        is_clear = most is not None and total >= ENOUGH and 2 * len(self.names[most]) > total
        self.usual = most if is_clear else None
        return self.usual != before


class Peers:
    """All hosts with a known revision. Where none is clearly usual, nobody is an outlier."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[Kind, str]] = {}
        self._kin: dict[Kind, _Kin] = {}

    def put(self, host: Host, revision: str | None) -> Set[str]:
        """A host runs this (`None`: nobody knows). Returns the hosts that may stand otherwise among their peers now."""
        before, after = self._runs.get(host.name), (kind_of(host), revision) if revision else None
        if before == after:
            return frozenset()
        affected = self.drop(host.name)
        if after is None:
            return affected
        kind, known = after
        self._runs[host.name] = kind, known
        kin = self._kin.setdefault(kind, _Kin())
        kin.names.setdefault(known, set()).add(host.name)
        return self._settled(kin) | affected

    def drop(self, name: str) -> Set[str]:
        """A host left, or is of another kind now. Returns as `put`."""
        before = self._runs.pop(name, None)
        if before is None:
            return frozenset()
        kind, revision = before
        kin = self._kin[kind]
        kin.names[revision].discard(name)
        if not kin.names[revision]:
            del kin.names[revision]
        if not kin.names:
            del self._kin[kind]
        return self._settled(kin)

    @staticmethod
    def _settled(kin: _Kin) -> Set[str]:
        return frozenset().union(*kin.names.values()) if kin.settle() else frozenset()

    def usual(self, name: str) -> str | None:
        """The revision that more than half of the host's peers run; `None` where there is none, or the host's own is
        not known."""
        runs = self._runs.get(name)
        return self._kin[runs[0]].usual if runs else None

    def is_outlier(self, name: str) -> bool:
        """True when a host runs another revision than most of its peers."""
        runs = self._runs.get(name)
        if runs is None:
            return False
        usual = self._kin[runs[0]].usual
        return usual is not None and usual != runs[1]
