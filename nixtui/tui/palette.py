"""What help and palette list: the actions of this screen, of the others, and every host to go to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nixtui.fleet.state import FleetState
from nixtui.model.selector import Subject
from nixtui.tui.action_table import ACTIONS, DESTINATIONS, VIEWS
from nixtui.tui.actions import Scope, key_shown
from nixtui.tui.hosts import condition

if TYPE_CHECKING:
    from nixtui.tui.screens.chooser import Item
    from nixtui.tui.screens.place import Place

_MOST_HOSTS = 30


def keys_of(place: Place) -> list[Item]:
    """The actions of a screen under their scopes, with why they cannot be done now."""
    from nixtui.tui.screens.chooser import Item

    selection, key_of = place.selection(), place.session.key_of
    return [
        Item(
            each.id,
            each.title,
            key_shown(key_of(each.id, each.key)),
            each.help or "",
            each.why_disabled(selection),
            group=scope.value,
        )
        for scope in place.scopes
        for each in ACTIONS[scope]
    ]


def everything(place: Place) -> list[Item]:
    """As `keys_of`, and what the other screens can do: choosing that goes there first."""
    from nixtui.tui.screens.chooser import Item

    key_of = place.session.key_of
    others = [
        Item(f"{to.id}:{each.id}", each.title, key_shown(key_of(each.id, each.key)), each.help or "", group=scope.value)
        for to in (*DESTINATIONS, *VIEWS)
        for scope in Scope
        if scope.value.lower() == to.id and scope not in place.scopes
        for each in ACTIONS[scope]
    ]
    return [*keys_of(place), *others]


def hosts_like(fleet: FleetState, now: float) -> Callable[[str], Sequence[Item]]:
    """The hosts that what was typed may mean: with it in their name, then with its letters in order."""
    from nixtui.tui.screens.chooser import Item

    names = fleet.names()

    def found(text: str) -> Sequence[Item]:
        word = text.lower().removeprefix("go to").strip()
        if not word:
            return ()
        near = [name for name in names if word in name.lower()]
        if len(near) < _MOST_HOSTS:
            in_order = re.compile(".*?".join(map(re.escape, word.replace(" ", ""))), re.IGNORECASE)
            near += [name for name in names if in_order.search(name) and word not in name.lower()]
        some = [name for name in sorted(near[:500], key=len)[:_MOST_HOSTS] if name in fleet]
        return [Item(f"host:{name}", f"go to {name}", "", _about(fleet, name, now)) for name in some]

    return found


def _about(fleet: FleetState, name: str, now: float) -> str:
    said = condition(Subject(fleet.host(name), fleet.status(name), now, fleet.peers.is_outlier(name)))
    return f"{said.glyph} {said.words}"


def choose(place: Place, chosen: str) -> None:
    """Do what was chosen: an action here, one of another screen, or go to a host."""
    where, colon, what = chosen.partition(":")
    if not colon:
        place.action_act(chosen)
    elif where == "host":
        place.visit("fleet")
        place.nixtui.fleet_screen.go_to_host(what)
    else:
        place.visit(where)
        place.nixtui.call_after_refresh(_act_there, place, what)


def _act_there(place: Place, action: str) -> None:
    if (there := place.nixtui.place) is not None:
        there.action_act(action)
