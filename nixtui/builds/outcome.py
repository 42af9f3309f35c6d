"""How a build ended, once nothing more will come: what was open is decided, and whether it succeeded."""

from nixtui.builds.derivation import Derivation, Run, State
from nixtui.builds.transfer import Leg, Transfer, Way
from nixtui.builds.tree import BuildTree


def conclude(tree: BuildTree) -> None:
    """Decide whatever the stream left open, and set `succeeded`."""
    _name_the_failed(tree)
    succeeded = tree.exit_code == 0 if tree.exit_code is not None else _says_the_stream(tree)
    for derivation in list(tree.by_state[State.RUNNING].values()):
        tree.turn(derivation, State.BUILT if _is_built(tree, derivation, succeeded) else State.CUT_OFF)
    if succeeded and tree.exit_code is None and tree.count(State.CUT_OFF):
        succeeded = False
    last = _last_stopped(tree)
    for transfer in tree.transfers:
        transfer.state = _leg(tree, transfer, succeeded, last)
        transfer.ambiguous = False
    tree.succeeded = succeeded


def _name_the_failed(tree: BuildTree) -> None:
    """Nix counts failed builds; where it said nothing about one that we would understand, its count does."""
    for worker in tree.workers.values():
        for run in worker.suspects:
            if worker.builds.done.total > worker.builds.given and run.derivation.state is State.FAILED:
                tree.credit(run)  # more are done than we know: another one had failed
        missing = worker.failed.total - worker.failures
        for run in worker.builds.waiting:
            derivation = run.derivation
            if missing > 0 and derivation.state is State.RUNNING and not derivation.is_building and not run.credited:
                tree.turn(derivation, State.FAILED)
                missing -= len(derivation.runs)


def _says_the_stream(tree: BuildTree) -> bool | None:
    """Nothing failed, no error came last, and whatever began has ended."""
    if tree.count(State.FAILED) or tree.count(State.FAILED_DEPENDENCY) or tree.errors.is_fatal:
        return False
    if _goes_on(tree):
        return False
    if tree.realised or tree.transfers or tree.planned.builds or tree.planned.downloads:
        return True
    # Only an evaluation: over when Nix went on to ask what is missing, which leaves activities behind it.
    return True if tree.events > tree.evaluated else None


def _goes_on(tree: BuildTree) -> bool:
    """Something has no end, other than a build that was done by another run of the same derivation."""
    for activity in tree.open.values():
        run = activity.subject
        if not isinstance(run, Run) or not any(each.credited for each in run.derivation.runs):
            return True
    return False


def _is_built(tree: BuildTree, derivation: Derivation, succeeded: bool | None) -> bool:
    """Of a build that nothing is known of: whether it went well."""
    if tree.exit_code == 0:
        return True
    if any(run.credited for run in derivation.runs):
        return not _goes_on(tree)  # one of two runs has no end: lost with its machine, or the stream ends before it
    if derivation.is_building:
        return False
    workers = (tree.workers.get(run.id >> 32) for run in derivation.runs)
    counted = any(worker is not None and worker.builds.done.said for worker in workers)
    if counted and (tree.exit_code is not None or not _goes_on(tree)):
        return False  # Nix has counted to the end, and this one is not in it
    return bool(succeeded) or not tree.errors.texts


def _last_stopped(tree: BuildTree) -> Transfer | None:
    """The transfer that ended last and after which none began: the one that an error cut off, where there was one."""
    ended = [each for each in tree.transfers if each.stopped_at is not None and each.way is not Way.FETCH]
    return max(ended, key=lambda each: (each.stopped_at or 0.0, each.order), default=None)


def _leg(tree: BuildTree, transfer: Transfer, succeeded: bool | None, last: Transfer | None) -> Leg:
    if transfer.open:
        return Leg.CUT_OFF
    if transfer.ambiguous:
        counts = any(worker.downloads.done.said for worker in tree.workers.values())
        return Leg.DONE if not counts and (succeeded or transfer.is_complete) else Leg.FAILED
    if transfer.state is Leg.DONE and transfer.way is Way.COPY and succeeded is False and tree.errors.is_fatal:
        incomplete = transfer.expected is not None and not transfer.is_complete
        unknown = transfer.expected is None and transfer is last and not tree.derivations
        return Leg.FAILED if incomplete or unknown else Leg.DONE
    return transfer.state
