"""Whether the flake would build the same image today.

A glance starts no evaluation: commits since, and what earlier evaluations of the very same state of the flake said.
Comparing evaluates, and is exact.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nixtui.images.creating.recipe import TAG_FLAKE
from nixtui.images.disk import BadImage
from nixtui.images.foreseeing import foresee, recall
from nixtui.model.commit import CommitRange, is_dirty
from nixtui.model.image import Image
from nixtui.model.image_drift import ImageDrift
from nixtui.nix.commits import MOST, commits_between
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake

_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*(\.[A-Za-z_][A-Za-z0-9_'-]*)+")
"""What may be an attribute of the flake rather than a host: hosts with dots in their names are tried first."""

Given = Mapping[str, Sequence[str]]
"""The store paths that the flake gives for an attribute: the one that `image create` would build first."""


@dataclass(frozen=True, slots=True)
class _Flake:
    """What is known of the flake now. `reasons` is why nothing was given for an attribute."""

    name: str
    revision: str | None = None
    given: Given = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False


def flake_name(flake: Flake) -> str:
    """What images are tagged with: the reference, or the name of a local flake's directory."""
    return flake.reference if flake.reference != "." else flake.directory.resolve().name


async def glance(flake: Flake, images: Sequence[Image]) -> Mapping[str, ImageDrift]:
    """How each image stands to the flake as far as can be told at once, by its key. Raises nothing.

    Of a flake that is no git repository here nothing can be told at once: nix would copy or fetch it first.
    """
    revision = await flake.revision() if flake.reference == "." else None
    given: dict[str, Sequence[str]] = {}
    state = await flake.state() if revision is not None else None
    if state is not None:
        for attribute in _attributes(images):
            given[attribute] = await recall(flake, state, _ways(attribute))
    return await _judged(flake, images, _Flake(flake_name(flake), revision, given))


async def compare(flake: Flake, images: Sequence[Image]) -> Mapping[str, ImageDrift]:
    """The same by evaluating what each was built of, one after the other: that takes long. Raises nothing."""
    given: dict[str, Sequence[str]] = {}
    reasons: dict[str, str] = {}
    for attribute in _attributes(images):
        wanted = {each.store_path for each in images if _attribute(each) == attribute}
        try:
            given[attribute] = await _evaluate(flake, attribute, wanted)
        except (NixError, BadImage) as error:
            reasons[attribute] = str(error)
    known = _Flake(flake_name(flake), await flake.revision(), given, reasons, asked=True)
    return await _judged(flake, images, known)


async def _evaluate(flake: Flake, attribute: str, wanted: set[str | None]) -> list[str]:
    """What the flake gives, in other ways only where the first is not what is there. Raises what the first does."""
    found: list[str] = []
    first: NixError | BadImage | None = None
    for host, raw in _ways(attribute):
        try:
            found.append((await foresee(flake, host, force_raw=raw)).out)
        except (NixError, BadImage) as error:
            first = first or error
            continue
        if wanted <= set(found):
            break
    if not found and first is not None:
        raise first
    return found


def _ways(attribute: str) -> list[tuple[str, bool]]:
    """How `image create` may have been told to build it: host or `#attribute`, and whether raw is forced."""
    ways = [(attribute, True), (attribute, False)]
    return [*ways, (f"#{attribute}", True)] if _ATTRIBUTE.fullmatch(attribute) else ways


def _attribute(image: Image) -> str | None:
    """The host or attribute that it says it was built of."""
    return image.tags.get(TAG_FLAKE, "").partition("#")[2] or None if image.store_path else None


def _attributes(images: Iterable[Image]) -> list[str]:
    return list(dict.fromkeys(each for image in images if (each := _attribute(image)) is not None))


async def _judged(flake: Flake, images: Sequence[Image], known: _Flake) -> Mapping[str, ImageDrift]:
    ranges: dict[str | None, CommitRange] = {}
    for revision in dict.fromkeys(image.revision for image in images):
        if revision is not None:
            ranges[revision] = await commits_between(revision, known.revision, [flake.directory], flake.environ)
    return {image.key: _judge(image, known, ranges.get(image.revision)) for image in images}


def _judge(image: Image, flake: _Flake, between: CommitRange | None) -> ImageDrift:
    attribute = _attribute(image)
    given = flake.given.get(attribute or "", ())
    known = between is not None and between.unknown is None
    behind = len(between.added) if between is not None and known else None
    ahead = len(between.undone) if between is not None and known else None

    def told(state: str, short: str, sentence: str, *, certain: bool = False) -> ImageDrift:
        path = next(iter(given), None)
        if state == "same" and certain:
            path = image.store_path
        return ImageDrift(
            state=state,
            short=short,
            sentence=sentence,
            certain=certain,
            behind=behind,
            ahead=ahead,
            revision=flake.revision,
            store_path=path,
        )

    commits = _commits(behind, ahead)
    if image.store_path and image.store_path in given:
        return told("same", "= flake", "the flake gives the same image now: the same store path", certain=True)
    if given:
        since = f"; it is {commits}" if commits else ""
        state = "behind" if behind else "other"
        return told(state, commits or "other", f"the flake gives another image now{since}: {given[0]}", certain=True)
    if (reason := flake.reasons.get(attribute or "")) is not None:
        return told("unknown", "unknown", f"the flake gives no image for {attribute} now: {reason}")
    named = image.tags.get(TAG_FLAKE, "").partition("#")[0]
    if not known and named != flake.name:
        whence = f" ({named})" if named else ""
        return told("unknown", "unknown", f"built from elsewhere{whence}, not from {flake.name}")
    if flake.asked:
        return told("unknown", "unknown", "it does not say which host of the flake it was built of")
    tells = "; an evaluation tells" if attribute else ""
    if image.revision is None:
        return told("unknown", "unknown", f"it does not say which commit it was built from{tells}")
    if between is None or between.unknown is not None:
        why = between.unknown if between is not None else "the flake is not here"
        return told("unknown", "unknown", f"{why}{tells}")
    if commits is None:
        if is_dirty(image.revision) or is_dirty(flake.revision):
            return told("unknown", "unknown", f"the same commit, with changes that no commit has{tells}")
        return told("same", "= flake", f"built from the commit that the flake is at, {image.revision[:8]}")
    newest = f", the newest: {between.added[0].subject}" if between.added else ""
    changes = "; whether that changes the image an evaluation tells" if attribute else ""
    return told("behind" if behind else "other", commits, f"{commits}{newest}{changes}")


def _commits(behind: int | None, ahead: int | None) -> str | None:
    """`3 commits behind`, `2 commits ahead`, `3 behind, 2 ahead`; `None` for none, or where that is not known."""

    def many(count: int) -> str:
        return f"{MOST}+" if count >= MOST else str(count)

    match behind or 0, ahead or 0:
        case 0, 0:
            return None
        case 1, 0:
            return "1 commit behind"
        case count, 0:
            return f"{many(count)} commits behind"
        case 0, 1:
            return "1 commit ahead"
        case 0, count:
            return f"{many(count)} commits ahead"
        case some, others:
            return f"{many(some)} behind, {many(others)} ahead"
