"""The scalars of a YAML file with their paths, read by events: nothing is constructed, and nothing can explode."""

from collections.abc import Iterator
from typing import Any, NamedTuple

Path = tuple[str | int, ...]

_WORDS = {"~": "null", "null": "null", "Null": "null", "NULL": "null", "": "null"} | dict.fromkeys(
    ("true", "True", "TRUE", "false", "False", "FALSE"), "bool"
)


class Clear(NamedTuple):
    """A scalar as it stands there, and its type."""

    text: str
    kind: str


def yaml_leaves(text: str, most: int) -> tuple[list[tuple[Path, Clear]], Any, int]:
    """Leaves of the first document, its `sops` block as a tree of strings, and how many documents there are.

    Raises `ValueError`. sops writes no aliases, and one that refers to what refers to others would never end.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    leaves, documents, metadata = list[tuple[Path, Clear]](), 0, None
    try:
        events = iter(yaml.parse(text, Loader=loader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                first = next(events)
                if documents > 1:
                    continue
                if not isinstance(first, yaml.MappingStartEvent):
                    raise ValueError("not a map")
                metadata = _top(events, leaves, most)
    except yaml.YAMLError as error:
        raise ValueError("no YAML") from error
    return leaves, metadata, documents


def _top(events: Iterator[Any], leaves: list[tuple[Path, Clear]], most: int) -> Any:
    """The first document's map: `sops` as a tree, all else as leaves."""
    import yaml

    metadata = None
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            return metadata
        name = _key(event)
        if name == "sops":
            metadata = _tree(next(events), events, 0)
        else:
            _walk(next(events), events, (name,), leaves, most)
    raise ValueError("cut off")


def _walk(event: Any, events: Iterator[Any], path: Path, leaves: list[tuple[Path, Clear]], most: int) -> None:
    import yaml

    if len(leaves) > most or len(path) > 100:
        raise ValueError("too much")
    match event:
        case yaml.ScalarEvent():
            leaves.append((path, _clear(event)))
        case yaml.MappingStartEvent():
            while not isinstance(key := next(events), yaml.MappingEndEvent):
                _walk(next(events), events, (*path, _key(key)), leaves, most)
        case yaml.SequenceStartEvent():
            index = 0
            while not isinstance(below := next(events), yaml.SequenceEndEvent):
                _walk(below, events, (*path, index), leaves, most)
                index += 1
        case _:
            raise ValueError("an alias")


def _tree(event: Any, events: Iterator[Any], depth: int) -> Any:
    import yaml

    if depth > 20:
        raise ValueError("too deep")
    match event:
        case yaml.ScalarEvent():
            return "" if event.implicit[0] and _WORDS.get(event.value) == "null" else event.value
        case yaml.MappingStartEvent():
            found = {}
            while not isinstance(key := next(events), yaml.MappingEndEvent):
                found[_key(key)] = _tree(next(events), events, depth + 1)
            return found
        case yaml.SequenceStartEvent():
            listed = []
            while not isinstance(below := next(events), yaml.SequenceEndEvent):
                listed.append(_tree(below, events, depth + 1))
            return listed
        case _:
            raise ValueError("an alias")


def _key(event: Any) -> str:
    value = getattr(event, "value", None)
    if not isinstance(value, str):
        raise ValueError("a key that is no string")
    return value


def _clear(event: Any) -> Clear:
    """A scalar's type by YAML's core schema, as far as one must know it to tell text from the rest."""
    if not event.implicit[0] or event.value.startswith("ENC["):
        return Clear(event.value, "str")
    if kind := _WORDS.get(event.value):
        return Clear("" if kind == "null" else event.value, kind)
    for kind, reads in (("int", int), ("float", float)):
        try:
            reads(event.value)
        except ValueError:
            continue
        return Clear(event.value, kind)
    return Clear(event.value, "str")
