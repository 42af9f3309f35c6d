"""How many hosts there are, are seen and are failing: kept by difference, never by counting 10,000 again."""

from collections.abc import Iterable

from nixtui.model.selector import is_stale
from nixtui.tui.cockpit import Fleet


class Census:
    """The figures of the header."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._seen: set[str] = set()
        self._failing: set[str] = set()
        self.known = 0
        self.environments: dict[str, int] = {}

    @property
    def seen(self) -> int:
        """Hosts that answer now."""
        return len(self._seen)

    @property
    def failing(self) -> int:
        """Hosts in a state somebody should look at."""
        return len(self._failing)

    def recount(self, now: float) -> None:
        """Begin anew: hosts came or went, or it is time to see which became stale."""
        names = self._fleet.names()
        self.known = len(names)
        self._seen.clear()
        self._failing.clear()
        self.environments = {}
        for name in names:
            environment = self._fleet.host(name).environment
            if environment:
                self.environments[environment] = self.environments.get(environment, 0) + 1
        self.update(names, now)

    def update(self, changed: Iterable[str], now: float) -> None:
        """Take changes in."""
        for name in changed:
            try:
                status = self._fleet.status(name)
            except KeyError:  # gone since; the recount that follows a change of membership counts without it
                continue
            answers = status.state.is_answering and not is_stale(status, now)
            (self._seen.add if answers else self._seen.discard)(name)
            fails = status.state.is_problem or bool(status.facts.failed_units)
            (self._failing.add if fails else self._failing.discard)(name)
