"""All store paths and files on their way, each once, however often it was tried."""

from collections.abc import Iterator
from typing import Final

from nixtui.builds.transfer import Leg, Transfer, Way
from nixtui.builds.worker import Credits
from nixtui.model.store_path import is_store_path
from nixtui.nix.internal_json import Action, Start
from nixtui.remote.output import said

MAX_URI: Final = 1_000
MAX_TRANSFERS: Final = 100_000
"""A NixOS system from a cache has some 3,000 paths."""


class Transfers:
    """In the order they were heard of."""

    def __init__(self) -> None:
        self._found: dict[tuple[Way, str], Transfer] = {}

    def __iter__(self) -> Iterator[Transfer]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def get(self, way: Way, path: str) -> Transfer | None:
        """One of them."""
        return self._found.get((way, path))

    def count(self, way: Way, state: Leg = Leg.DONE) -> int:
        """How many have come that way (or not)."""
        return sum(each.way is way and each.state is state for each in self)

    def start(self, event: Start, now: float) -> Transfer | None:
        """An activity about a path or a file begins; `None` where it names none, or there are too many."""
        path = event.word(0)[:MAX_URI]
        way = Way.FETCH
        if event.type == Action.SUBSTITUTE:
            way = Way.DOWNLOAD
        elif event.type == Action.COPY_PATH:
            substituted = self._found.get((Way.DOWNLOAD, path))
            way = Way.DOWNLOAD if substituted is not None and substituted.open else Way.COPY
        if way is not Way.FETCH and not is_store_path(path):
            return None
        transfer = self._found.get((way, path))
        if transfer is None:
            if len(self._found) >= MAX_TRANSFERS:
                return None
            transfer = Transfer(way, said(path), len(self._found), now)
            self._found[way, path] = transfer
        elif not transfer.open:
            transfer.restart(now)
        transfer.open += 1
        transfer.source = said(event.word(1)) or transfer.source
        transfer.destination = said(event.word(2)) or transfer.destination
        return transfer

    def stop(self, transfer: Transfer, counted: Credits[Transfer], now: float) -> None:
        """An activity about it ended. Whether a download went well is told by what Nix counts; a copy is believed."""
        transfer.open = max(0, transfer.open - 1)
        if transfer.open:
            return
        transfer.stopped_at = now
        if transfer.way is Way.DOWNLOAD:
            transfer.ambiguous = True
            counted.waiting.append(transfer)
            settle(counted)
        else:
            transfer.state = Leg.DONE


def settle(counted: Credits[Transfer]) -> None:
    """Hand out what Nix has counted."""
    while counted.waiting and (transfer := counted.take(_is_ambiguous)) is not None:
        counted.given += 1
        transfer.ambiguous = False
        transfer.state = Leg.DONE


def looks_complete(transfer: Transfer) -> bool:
    """As many bytes as were expected."""
    return transfer.is_complete


def _is_ambiguous(transfer: Transfer) -> bool:
    return transfer.ambiguous
