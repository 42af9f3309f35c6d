"""YAML with the places of everything in the text, so that one line changes and comments, order and style stay."""

from collections.abc import Iterator
from typing import Any

import msgspec


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a document: `kind` is `scalar`, `list`, `map` or `alias`, and `value` text, items, pairs or the anchor.

    `start` and `end` are places in the text; `style` is of a scalar `'`, `"`, `>`, `|` or
    nothing, and of a list or map `flow` or nothing.
    """

    kind: str
    value: Any
    start: int
    end: int
    anchor: str | None = None
    style: str = ""

    def get(self, key: str) -> "Node | None":
        """What a map has under a key."""
        pairs = self.value if self.kind == "map" else ()
        return next((below for name, below in pairs if name.kind == "scalar" and name.value == key), None)

    def walk(self) -> Iterator["Node"]:
        """This and everything below it, in the order of the text."""
        yield self
        for each in self.value if self.kind in ("list", "map") else ():
            for node in (each,) if isinstance(each, Node) else each:
                yield from node.walk()


def parse(text: str) -> Node:
    """The first document of a text. Raises `ValueError`."""
    import yaml

    try:
        events = iter(yaml.parse(text, Loader=yaml.BaseLoader))  # the one in C counts bytes where others are meant
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                return _node(next(events), events, 0)
    except yaml.YAMLError as error:
        raise ValueError("no YAML") from error
    raise ValueError("empty")


def _index(mark: Any) -> int:
    """Where something begins or ends; events of a text always say so."""
    assert mark is not None
    return int(mark.index)


def _node(event: Any, events: Iterator[Any], depth: int) -> Node:
    import yaml

    if depth > 50:
        raise ValueError("too deep")
    start, end = _index(event.start_mark), _index(event.end_mark)
    match event:
        case yaml.ScalarEvent():
            return Node(
                kind="scalar", value=event.value, start=start, end=end, anchor=event.anchor, style=event.style or ""
            )
        case yaml.AliasEvent():
            return Node(kind="alias", value=event.anchor, start=start, end=end)
        case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
            is_list = isinstance(event, yaml.SequenceStartEvent)
            items: list[Any] = []
            while not isinstance(below := next(events), yaml.SequenceEndEvent | yaml.MappingEndEvent):
                first = _node(below, events, depth + 1)
                items.append(first if is_list else (first, _node(next(events), events, depth + 1)))
            kind, style, end = "list" if is_list else "map", "flow" if event.flow_style else "", _index(below.end_mark)
            return Node(kind=kind, value=tuple(items), start=start, end=end, anchor=event.anchor, style=style)
        case _:
            raise ValueError("no node")
