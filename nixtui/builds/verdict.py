"""Why a host's system was not built, from the tree of the build it was part of."""

from dataclasses import dataclass
from typing import Final

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.tree import BuildTree
from nixtui.nix.errors import NixError

EXTRACT: Final = 25
"""Lines of a failed builder's log in a report; a terminal's height less what stands around it."""

_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence, what to do, and the lines that explain it."""

    detail: str
    remedy: str | None = None
    log: tuple[str, ...] = ()


def verdict_on(tree: BuildTree, drv_path: str, failure: NixError | None, keep_going: bool) -> Verdict:
    """What kept one system from being built."""
    failed = list(tree.by_state[State.FAILED].values())
    own = tree.derivations.get(drv_path)
    mine = [each for each in failed if own is None or _needs(own, each)] if failed else []
    if mine:
        return _of_failed(mine)
    if failed and not keep_going:
        return Verdict(
            f"not built: the build stopped when {_named(failed)} failed",
            "build the rest all the same: --keep-going",
        )
    if failed:
        return _of_failed(failed)
    if failure is not None and not failure.reason.startswith("nix ended with status"):
        return Verdict(failure.reason, failure.remedy or _remedy_for(failure.reason), failure.log[-EXTRACT:])
    return _of_errors(tree)


def _of_failed(failed: list[Derivation]) -> Verdict:
    first = failed[0]
    if first.got_hash:
        return Verdict(
            f"{first.name}: hash mismatch, got {first.got_hash}",
            f"if that is what you trust, write {first.got_hash} where {first.wanted_hash or 'the old hash'} stands",
            tuple(first.log.last(EXTRACT)),
        )
    phase = f" in {first.phase}" if first.phase else ""
    return Verdict(f"{_named(failed)} failed: {first.reason or 'no reason given'}{phase}", None,
                   tuple(first.log.last(EXTRACT)))  # fmt: skip


def _of_errors(tree: BuildTree) -> Verdict:
    """Nix's own last error: of a full disk, a refused connection, a store that cannot be opened."""
    if not tree.errors.texts:
        return Verdict("nix ended without saying why", "run it by hand: nixtui build --dry-run shows the command")
    lines = [line.strip() for line in tree.errors.texts[-1].split("\n") if line.strip()]
    named = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    told = [each for each in named if each]  # since 2.20 the first one may only head a trace, the last one says it
    reason = told[-1] if told else (lines[0].removeprefix("error:").strip() or "nix failed")
    return Verdict(reason, _remedy_for(tree.errors.texts[-1]), tuple(lines[1:][-EXTRACT:]))


def _remedy_for(text: str) -> str | None:
    if "No space left on device" in text:
        return "free some space: nix-collect-garbage"
    if "don't know how to open Nix store" in text and "s3" in text:
        return "this nix was built without S3 (Debian's is); use one that has it, or a file:// cache that is served"
    return None


def _named(failed: list[Derivation]) -> str:
    names = ", ".join(each.name for each in failed[:_MOST_NAMED])
    return names + (f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else "")


def _needs(own: Derivation, other: Derivation) -> bool:
    """Whether `own` is `other` or was to be made from it; where no .drv file told, a failed dependency will do."""
    seen = {own.drv_path}
    waiting = [own]
    while waiting:
        each = waiting.pop()
        if each is other:
            return True
        fresh = [need for need in each.needs if need.drv_path not in seen]
        seen |= {need.drv_path for need in fresh}
        waiting += fresh
    return own.state is State.FAILED_DEPENDENCY and not own.is_learnt
