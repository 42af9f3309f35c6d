"""What the last word of a selector may become, from what this fleet has."""

from collections.abc import Iterable, Iterator

from nixtui.fleet.state import FleetState
from nixtui.model.selector import KINDS, WORDS
from nixtui.tui.hosts import natural

_MOST = 40


def complete_selector(text: str, fleet: FleetState) -> list[str]:
    """Whole texts that `text` may become: kinds, the words of `is:`, tags and values that are there, host names."""
    at = max(text.rfind(" "), text.rfind(","), text.rfind("!")) + 1
    before, word = text[:at], text[at:]
    if not word:
        return []
    found = [each for each in _words(word, fleet) if each.startswith(word) and each != word]
    return [before + each for each in found[:_MOST]]


def _words(word: str, fleet: FleetState) -> Iterator[str]:
    kind, colon, _ = word.partition(":")
    if not colon:
        yield from (f"{each}:" for each in KINDS)
        yield from sorted(fleet.names(), key=natural)
        return
    match kind:
        case "is":
            yield from (f"is:{each}" for each in sorted(WORDS))
        case "env":
            yield from _sorted(f"env:{host.environment}" for host in fleet.hosts().values() if host.environment)
        case "tag":
            yield from _tags(word, fleet)
        case "rev":
            revisions = (fleet.status(name).facts.configuration_revision for name in fleet.names())
            yield from _sorted(f"rev:{each[:8]}" for each in revisions if each)


def _tags(word: str, fleet: FleetState) -> Iterator[str]:
    """Names first; with an equals sign, the values of one."""
    key, equals, _ = word.removeprefix("tag:").partition("=")
    tags = [host.tags for host in fleet.hosts().values()]
    if equals:
        yield from _sorted(f"tag:{key}={each[key]}" for each in tags if key in each)
    else:
        yield from _sorted(f"tag:{name}=" for each in tags for name in each)


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=natural)
