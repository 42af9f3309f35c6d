"""A build as scripts get it."""

from typing import Any

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.transfer import Way
from nixtui.builds.tree import BuildTree


def as_json(tree: BuildTree, *, timed: bool) -> dict[str, Any]:
    """The whole build; the keys are a contract. Without `timed` the stream came from a file, which has no times."""
    return {
        "succeeded": tree.succeeded,
        "planned": tree.planned_builds,
        "built": tree.count(State.BUILT),
        "failed": tree.count(State.FAILED),
        "failed_dependencies": tree.count(State.FAILED_DEPENDENCY),
        "cut_off": tree.count(State.CUT_OFF),
        "planned_downloads": len(tree.planned.downloads),
        "downloaded": tree.transfers.count(Way.DOWNLOAD),
        "copied": tree.transfers.count(Way.COPY),
        "derivations": [derivation_json(each, tree.now, timed=timed) for each in tree.derivations.values()],
        "errors": tree.errors.texts,
    }


def derivation_json(derivation: Derivation, now: float, *, timed: bool = True) -> dict[str, Any]:
    """One derivation; the keys are a contract."""
    seconds = derivation.seconds(now) if timed else None
    return {
        "name": derivation.name,
        "drv_path": derivation.drv_path,
        "state": derivation.state.value,
        "phase": derivation.phase,
        "seconds": None if seconds is None else round(seconds, 3),
        "log_lines": derivation.log.count,
        "machine": derivation.machine or None,
        "reason": derivation.reason,
        "exit_code": derivation.exit_code,
        "wanted_hash": derivation.wanted_hash,
        "got_hash": derivation.got_hash,
    }
