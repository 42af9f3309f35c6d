"""Saving edits as an operation: asked of policy, recorded in the journal by key and never by value."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path as FilePath

from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Report
from nixtui.secrets.agenix import AgeRule, save_age
from nixtui.secrets.creating import NewFile, create
from nixtui.secrets.document import Format, Path
from nixtui.secrets.edit import Edit, Put
from nixtui.secrets.editing import Change, save
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.merging import Merge, Side, save_merge
from nixtui.secrets.process import Runner
from nixtui.secrets.secret import Secret
from nixtui.secrets.work import one_file

KIND = "secrets-edit"


def plan_edits(name: str, edits: Sequence[Edit], *, title: str | None = None) -> Plan:
    """What saving these edits does, in keys; `title` where they mean something together."""
    done = [f"{'set' if isinstance(edit, Put) else 'unset'} {shown_path(edit.path)}" for edit in edits]
    counted = f"Change {len(edits)} {'key' if len(edits) == 1 else 'keys'} of {name}"
    return _plan(name, title or counted, tuple(done))


def plan_merge(merge: Merge, choices: Mapping[Path, Side]) -> Plan:
    """What writing the merged file does, in keys."""
    taken = [(each, choices.get(each.path, each.side)) for each in merge.keys]
    done = [f"take {shown_path(each.path) or 'the value'} of {side.value}" for each, side in taken if side is not None]
    return _plan(merge.name, f"Merge {merge.name}", tuple(done))


def plan_age(name: str) -> Plan:
    """What saving another value of an age file does."""
    return _plan(name, f"Change {name}", ("encrypt the value for the recipients of its rule",))


def _plan(name: str, title: str, done: tuple[str, ...]) -> Plan:
    steps = (Step("Change a copy beside the file", done), Step("Decrypt the copy, and put it in the file's place"))
    return Plan(kind=KIND, title=title, targets=(Target(name=name),), steps=steps)


def saving_job(
    runner: Runner,
    path: FilePath,
    name: str,
    edits: Sequence[Edit],
    *,
    allowed: Collection[str] = (),
    seen: str | None = None,
    saved: Callable[[Change], None] = lambda _: None,
) -> Job:
    """The work of `plan_edits`; `saved` hears of the change, which undo needs."""

    async def work(tell: Narrator) -> str:
        tell.begin("saving")
        change = await save(runner, path, name, edits, allowed=allowed, seen=seen)
        saved(change)
        return "saved" if change.is_one else "it has these values already"

    return _job(work)


def saving_age_job(
    runner: Runner,
    path: FilePath,
    name: str,
    value: Secret,
    rule: AgeRule,
    *,
    seen: str | None = None,
    saved: Callable[[Change], None] = lambda _: None,
) -> Job:
    """The work of `plan_age`; as `saving_job`."""

    async def work(tell: Narrator) -> str:
        tell.begin("saving")
        saved(await save_age(runner.identities, path, name, value, rule, seen=seen))
        return "saved"

    return _job(work)


def plan_new(new: NewFile, edits: Sequence[Put]) -> Plan:
    """What creating a file does, in keys."""
    done = tuple(f"set {shown_path(each.path)}" for each in edits if new.format not in (Format.AGE, Format.BINARY))
    count = len(new.rule.recipients if new.rule else new.age_rule.recipients if new.age_rule else ())
    steps = (
        Step(f"Encrypt for {count} recipients, by its rule", done),
        Step("Decrypt it, and put it where no file is"),
    )
    return Plan(kind=KIND, title=f"Create {new.name}", targets=(Target(name=new.name),), steps=steps)


def creating_job(
    runner: Runner,
    new: NewFile,
    edits: Sequence[Put],
    *,
    allowed: Collection[str] = (),
    saved: Callable[[Change], None] = lambda _: None,
) -> Job:
    """The work of `plan_new`; as `saving_job`."""

    async def work(tell: Narrator) -> str:
        tell.begin("creating")
        saved(await create(runner, new, edits, allowed=allowed))
        return "created"

    return _job(work)


def merging_job(runner: Runner, merge: Merge, choices: Mapping[Path, Side]) -> Job:
    """The work of `plan_merge`."""

    async def work(tell: Narrator) -> str:
        tell.begin("merging")
        await save_merge(runner, merge, choices)
        return "merged"

    return _job(work)


def _job(work: Callable[[Narrator], Awaitable[str]]) -> Job:
    async def carry_out(run: Run) -> Report:
        (row,) = run.plan.targets
        report = await one_file(run, row, work)
        run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,))

    return carry_out
