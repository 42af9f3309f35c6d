"""Changing who can read, and with what key: `updatekeys`, `rotate` and agenix's rekey as one kind of plan."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

import msgspec

from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.secrets.agenix import save_age
from nixtui.secrets.ciphertext import indentation
from nixtui.secrets.document import Document, Format, read_document
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.process import Runner
from nixtui.secrets.recipient import Recipient
from nixtui.secrets.repository import Repository, SecretFile, drift_of
from nixtui.secrets.safe_file import HeldFile, digest, hold, read_file


class Act(StrEnum):
    """What is done to a file. The values are the kinds of operation in the journal."""

    UPDATE = "secrets-updatekeys"
    ROTATE = "secrets-rotate"
    REENCRYPT = "secrets-reencrypt"
    ADD_HOST = "secrets-add-host"
    OFFBOARD = "secrets-offboard"


class Rewrite(msgspec.Struct, frozen=True):
    """A file with rules that is to be another one. It is written before the files that it is about."""

    path: Path
    name: str
    before: bytes
    after: bytes


class Work(msgspec.Struct, frozen=True):
    """A plan with what its job needs: the files by name, what was seen of each, and rules that change first."""

    act: Act
    plan: Plan
    files: dict[str, SecretFile]
    seen: dict[str, str]
    rewrites: dict[str, Rewrite] = {}


def plan_updatekeys(
    repository: Repository, files: Sequence[SecretFile], mine: frozenset[str], *, lockout: bool
) -> Work:
    """Bring the recipients of files to what their rules say; those that are as they should be are left out."""
    rows = [update_row(repository, each, mine, lockout) for each in files]
    gone = sorted({identity for row in rows if not row.refused for identity in row.facts.get("extra", "").split("\n")})
    warnings = [
        f"{repository.called(identity)} can read old copies of these files for ever, and with the old data key "
        "also new values: rotate, and change the values themselves"
        for identity in gone
        if identity
    ]
    return _work(
        Act.UPDATE, "Bring recipients to what the rules say", rows, files, "sops updatekeys -y FILE", tuple(warnings)
    )


def plan_rotate(files: Sequence[SecretFile]) -> Work:
    """New data keys: every value is encrypted anew. Whoever has read a value still knows it."""
    rows = [_row(each, "another data key", refused=_why_not(each) or _no_data_key(each)) for each in files]
    return _work(Act.ROTATE, "Give files new data keys", rows, files, "sops rotate -i FILE", (
        "all ciphertext of the files changes; merge open branches that edit them first",
    ))  # fmt: skip


def plan_reencrypt(
    repository: Repository, files: Sequence[SecretFile], mine: frozenset[str], *, allowed: Collection[str] = ()
) -> Work:
    """Encrypt files as if they were new: the only way to another choice of what is encrypted, or another threshold.

    `allowed` may have `plaintext` (values that the rule leaves in plaintext) and `lockout`.
    """
    rows = [_reencrypt_row(repository, each, mine, allowed) for each in files]
    return _work(
        Act.REENCRYPT, "Encrypt files anew by their rules", rows, files, "sops decrypt FILE | sops encrypt",
        ("all ciphertext of the files changes; merge open branches that edit them first",),
    )  # fmt: skip


def _reencrypt_row(repository: Repository, file: SecretFile, mine: frozenset[str], allowed: Collection[str]) -> Target:
    document, rule = file.document, file.rule
    if document is None or rule is None:
        why = _why_not(file) or ("an age file has nothing to choose" if file.format is Format.AGE else None)
        return _row(file, None, refused=why or "no rule is for it", remedy="add a rule first")
    drift, after = drift_of(file), f"{len(rule.recipients)} recipients"
    if not drift.is_any:
        return _row(file, after, refused="it is as its rule says", as_outcome=Outcome.UNCHANGED)
    if "lockout" not in allowed and locks_out(file, mine):
        return _row(file, after, refused="you could not read it any more", remedy="--allow lockout if that is wanted")
    bare = [shown_path(each.path) for each in document.leaves if each.encrypted and not rule.scope.encrypts(each.path)]
    if bare and "plaintext" not in allowed:
        refused = f"by its rule {', '.join(bare[:8])} would be in plaintext"
        return _row(file, after, refused=refused, remedy="correct the rule, or --allow plaintext")
    known = [
        f"{shown_path(each.path)} was in plaintext, and git has it so: change the value itself"
        for each in document.leaves
        if not each.encrypted and each.stored and rule.scope.encrypts(each.path)
    ]
    named = [f"adds {repository.called(each)}" for each in drift.missing]
    named += [f"removes {repository.called(each)}" for each in drift.extra]
    named += [f"{each} will be in plaintext" for each in bare]
    return _row(file, after, warnings=(*named, *known))


def _work(
    act: Act, title: str, rows: Sequence[Target], files: Sequence[SecretFile], command: str, warnings: tuple[str, ...]
) -> Work:
    steps = (Step(title, (command,)), Step("Decrypt the copy, compare, and put it in the file's place"))
    plan = Plan(kind=act.value, title=title, targets=tuple(rows), steps=steps, warnings=warnings if rows else ())
    seen = {each.name: digest(read_file(each.path, each.name)) for each in files if each.problem is None}
    return Work(act, plan, {each.name: each for each in files}, seen)


def _row(
    file: SecretFile, after: str | None, *, refused: str | None = None, as_outcome: Outcome = Outcome.REFUSED,
    warnings: tuple[str, ...] = (), facts: dict[str, str] | None = None, remedy: str | None = None,
) -> Target:  # fmt: skip
    return Target(
        name=file.name, before=f"{len(file.recipients)} recipients", after=after, refused=refused,
        refused_as=as_outcome, warnings=warnings, facts=facts or {}, remedy=remedy,
    )  # fmt: skip


def _why_not(file: SecretFile) -> str | None:
    return file.problem.reason if file.problem else None


def _no_data_key(file: SecretFile) -> str | None:
    return "an age file has no data key; updatekeys encrypts it anew" if file.format is Format.AGE else None


def update_row(repository: Repository, file: SecretFile, mine: frozenset[str], lockout: bool) -> Target:
    """What following its rule means for a file, as a row of a plan."""
    drift = drift_of(file)
    wanted = file.rule.recipients if file.rule else file.age_rule.recipients if file.age_rule else ()
    after = f"{len(wanted)} recipients"
    if (why := _why_not(file)) or not wanted:
        return _row(file, None, refused=why or "no rule is for it", remedy="add a rule first")
    if not drift.missing and not drift.extra:
        return _row(file, after, refused="its recipients are those of its rule", as_outcome=Outcome.UNCHANGED)
    if not lockout and locks_out(file, mine):
        return _row(file, after, refused="you could not read it any more", remedy="--allow lockout if that is wanted")
    named = tuple(
        [f"adds {repository.called(each)}" for each in drift.missing]
        + [f"removes {repository.called(each)}" for each in drift.extra]
    )
    return _row(file, after, warnings=named, facts={"extra": "\n".join(drift.extra)})


def locks_out(file: SecretFile, mine: frozenset[str]) -> bool:
    """Whether following its rule would leave a file that we can read now and not after.

    Keys of clouds and of GnuPG may be ours or not, and count as ours in both.
    """
    if file.age_rule is not None:
        return bool(mine) and not any(each.identity in mine for each in file.age_rule.recipients)
    if file.document is None or file.rule is None:
        return False
    now, then = file.document, file.rule
    opens_now = opens(now.groups, now.threshold, mine)
    return opens_now and not opens(then.groups, then.threshold, mine)


def opens(groups: Sequence[Sequence[Recipient]], threshold: int | None, mine: frozenset[str]) -> bool:
    """Whether these keys are enough: one of each group, or of as many groups as the threshold says."""
    ours = sum(any(each.kind != "age" or each.identity in mine for each in group) for group in groups)
    return ours >= (threshold or len(groups))


def job(work: Work, runner: Runner) -> Job:
    """One file after the other; what one of them stops at does not stop the others."""

    async def carry_out(run: Run) -> Report:
        reports: list[TargetReport] = []
        for row in run.plan.targets:
            report = left_out(row) if row.refused else None
            if report is None and any(each.name in work.rewrites and not each.outcome.is_success for each in reports):
                report = left_out(row, "not begun, as the rules could not be written")
            if report is None and run.cancelling.is_set():
                report = left_out(row, "not begun, as you asked to stop")
            if report is None:
                report = await one_file(run, row, partial(_act, work, runner, row.name))
            run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
            reports.append(report)
        outcome = overall(each.outcome for each in reports)
        return Report(
            operation=run.operation, outcome=outcome, targets=tuple(reports), interrupted=run.cancelling.is_set()
        )

    return carry_out


async def one_file(run: Run, row: Target, act: Callable[[Narrator], Awaitable[str]]) -> TargetReport:
    """Carry out one file's part and tell what became of it; also used for edits."""
    tell, began = Narrator(run, row.name), run.clock()
    try:
        detail, outcome, remedy, log = await act(tell), Outcome.COMMITTED, None, tuple[str, ...]()
    except SecretsError as error:
        outcome = Outcome.REFUSED if error.trouble in (Trouble.GUARDED, Trouble.LOCKED) else Outcome.FAILED
        detail, remedy, log = error.reason, error.remedy, error.log
    tell.end(outcome is Outcome.COMMITTED, detail)
    return TargetReport(
        name=row.name, outcome=outcome, before=row.before, after=row.after, detail=detail, remedy=remedy, log=log,
        seconds=run.clock() - began,
    )  # fmt: skip


async def _act(work: Work, runner: Runner, name: str, tell: Narrator) -> str:
    if name in work.rewrites:
        tell.begin("writing the rules")
        return await _rewrite(work.rewrites[name])
    file = work.files[name]
    tell.begin("rotating" if work.act is Act.ROTATE else "encrypting")
    if file.age_rule is not None:
        await save_age(runner.identities, file.path, name, None, file.age_rule)
        return "encrypted for the recipients of its rule"
    async with hold(file.path, name) as held:
        if digest(held.original) != work.seen[name]:
            raise SecretsError(Trouble.CHANGED, f"{name}: the file is not the one of the plan any more", "plan again")
        held.make_copy()
        rule = file.rule.config() if file.rule else b""
        config = rule + indentation(held.original.decode())
        typed = ["--input-type", file.format.value]
        if work.act is Act.REENCRYPT:
            await _reencrypt(runner, file, held, config)
        steps = [] if work.act in (Act.ROTATE, Act.REENCRYPT) else [["updatekeys", "-y", *typed]]
        if work.act in (Act.ROTATE, Act.OFFBOARD):
            steps.append(["rotate", "-i", *typed, "--output-type", file.format.value])
        for words in steps:
            await runner.run([*words, str(held.copy)], directory=held.path.parent, file=name, config=config)
        after = held.read_copy()
        await _compare(work, runner, file, held, after)
        held.put(after)
    told = {
        Act.REENCRYPT: "encrypted anew by its rule",
        Act.ROTATE: "has another data key",
        Act.OFFBOARD: "encrypted for those who are left, with another data key",
    }
    return told.get(work.act, "encrypted for the recipients of its rule")


async def _reencrypt(runner: Runner, file: SecretFile, held: HeldFile, config: bytes) -> None:
    """The copy as a new file: through pipes, as everything. The name decides nothing, as the rule is the only one."""
    typed = ["--input-type", file.format.value]
    both = typed if file.format is Format.BINARY else [*typed, "--output-type", file.format.value]
    plain = await runner.run(["decrypt", *both, str(held.path)], directory=held.path.parent, file=file.name)
    words = ["encrypt", "--filename-override", held.path.name, *both]
    said = await runner.run(words, directory=held.path.parent, file=file.name, config=config, stdin=plain)
    held.write_copy(said.reveal())


async def _rewrite(rewrite: Rewrite) -> str:
    async with hold(rewrite.path, rewrite.name) as held:
        if held.original != rewrite.before:
            raise SecretsError(Trouble.CHANGED, f"{rewrite.name}: it is not the one of the plan any more", "plan again")
        held.make_copy()
        held.write_copy(rewrite.after)
        held.put(rewrite.after)
    return "written"


async def _compare(work: Work, runner: Runner, file: SecretFile, held: HeldFile, after: bytes) -> None:
    """Values are what they were, and the recipients what was planned."""
    name, old, new = file.name, read_document(held.original, file.name), read_document(after, file.name)
    kept = work.act not in (Act.OFFBOARD, Act.ROTATE, Act.REENCRYPT)
    if (kept and old.leaves != new.leaves) or (work.act is not Act.ROTATE and not _as_ruled(new, file)):
        raise SecretsError(Trouble.SOPS_BUG, f"{name}: updatekeys did something else than planned; nothing was written")
    if not _readable(new, runner):
        return  # with --allow lockout; there is nobody here who could look
    plain = ["decrypt", "--input-type", file.format.value]
    now = await runner.run([*plain, str(held.copy)], directory=held.path.parent, file=name)
    if not kept and now != await runner.run([*plain, str(held.path)], directory=held.path.parent, file=name):
        raise SecretsError(Trouble.SOPS_BUG, f"{name}: the values differ after rotation; nothing was written")


def _as_ruled(document: Document, file: SecretFile) -> bool:
    return file.rule is not None and set(document.recipients) == set(file.rule.recipients)


def _readable(document: Document, runner: Runner) -> bool:
    mine = runner.identities.recipients
    return not mine or opens(document.groups, document.threshold, mine)
