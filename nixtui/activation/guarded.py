"""Taking one host to another system under the guard, from this side.

The host's side is `remote/scripts/guard.sh`; it heals the host whatever happens here. This side follows, proves the
new system over a new connection, and never says more than the host itself says.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import msgspec

from nixtui.activation.exit_codes import OK, UNITS_FAILED, meaning
from nixtui.activation.verdict import Verdict, explain_refusal, judge, judge_profile, judge_pull
from nixtui.model.host import Host
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.report import Outcome, TargetReport
from nixtui.operations.requests import Request
from nixtui.remote import guard
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.guard import Answer, Died, Ended, Finding, GuardOutcome, Order, Refusal, Tested
from nixtui.remote.transport import Reach, Script, Transport

SIGNS_PER_WINDOW = 3
"""Signs of life per `revert_after`, so that one may be lost on the way."""

SIGN_LIMIT_S = 10.0
"""How long the answer to one may take; a sign costs the host two forks of systemd-run and systemctl."""

REJOIN_EVERY_S = 1.0
REJOIN_GRACE_S = 60.0
"""How long after its deadline a silent host is still asked what it did, before the answer is `unknown`."""

CANCELLED = "cancelled by the operator"

TAKEN_BACK = "taken back by the operator"

_ACTIVATING = {Request.CONFIRM: "the activation has not ended"}
_LOGGING_IN = {Request.CONFIRM: "the new login has not worked yet"}

T = TypeVar("T")

Ending = Tested | Died | Ended | Refusal | Finding


class Confirmed(Exception):
    """The operator vouches for the new system: what is still waited for does not matter any more."""


class HealthCheck(msgspec.Struct, frozen=True):
    """A command that must exit 0 on the host, as the login user, within `timeout` seconds."""

    command: str
    timeout: float


@dataclass(slots=True)
class GuardedHost:
    """One host of an operation, on its way to `order.new`. Use once.

    `before` and `after` are what the report calls the two systems. Afterwards `finding` is what the host said last.
    """

    host: Host
    order: Order
    reach: Reach
    health: Sequence[HealthCheck]
    run: Run
    before: str | None = None
    after: str | None = None
    finding: Finding | None = None
    _tell: Narrator = field(init=False)
    _started_at: float = field(init=False)
    _activating: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _lines_heard: int = 0
    _until: float | None = None
    _boot_id: str | None = None
    _code: int | None = None
    _commit_sent: bool = False

    def __post_init__(self) -> None:
        self._tell = Narrator(self.run, self.host.name)
        self._started_at = self.run.clock()

    def _meaning(self, code: int) -> str:
        if self.order.link is None and self.order.pull is None:
            return meaning(code)
        what = "the command" if self.order.pull is not None else "deploy-rs-activate"
        return f"{what} succeeded (exit 0)" if code == OK else f"{what} failed (exit {code})"

    @property
    def _where(self) -> str:
        return "the host runs" if self.order.link is None else f"{self.order.link} leads to"

    async def activate(self) -> TargetReport:
        """Take the host there, or see it come back. Raises nothing: the report says what the host says."""
        self._started_at = self.run.clock()
        try:
            verdict = await self._activate()
        except ElevationFailed as error:
            verdict = Verdict(Outcome.FAILED, f"{error.reason}; nothing was done", error.remedy)
        except RemoteError as error:
            if self._until is None:
                verdict = Verdict(Outcome.UNREACHABLE, error.reason, error.remedy)
            else:
                verdict = await self._rejoin(error)
        self.run.requests.withdraw(self.host.name, "it has ended on this host")
        if self._until is not None:
            self._tell.countdown(None, self._boot_id)
        # Going back is what that step is for.
        went_back = self._tell.step == "reverting" and verdict.outcome is Outcome.REVERTED
        self._tell.end(verdict.outcome.is_success or went_back, verdict.detail)
        return self._report(verdict)

    async def _activate(self) -> Verdict:
        self._tell.begin("connecting")
        async with self.reach(self.host) as transport:
            self._tell.end(True)
            # From here on the host may be armed, whatever comes back: silence is no proof that nothing began.
            self._until = self.run.clock() + self.order.revert_after
            self._tell.begin("locked")
            return await self._conclude(transport, guard.begin(transport, self.order, self._hear))

    async def _conclude(self, transport: Transport, following: Coroutine[None, None, Ending]) -> Verdict:
        """Follow the activation to its end, with signs of life as long as it takes, then do what the end asks for."""
        try:
            # Stopping is possible once the activation runs; before, the host would go on without us noticing.
            watched = _unless_ended(
                following, self._keep_alive(transport), self._heed(transport, once=self._activating)
            )
            ending = await self.run.unless_cancelled(watched, once=self._activating)
        except Cancelled as stop:
            return await self._go_back(transport, str(stop) or CANCELLED)
        match ending:
            case Finding():
                return await self._told(transport, ending)
            case Refusal():
                return explain_refusal(ending, self.run.clock())
            case Ended():
                return await self._told(transport, await guard.inspect(transport, self.order.operation))
            case Died(reason):
                return await self._go_back(transport, f"the activation came to no end: {reason}")
            case Tested(code):
                return await self._weigh(transport, code)

    async def _weigh(self, transport: Transport, code: int) -> Verdict:
        """4 says that units failed, not which: those that failed before are no reason to go back."""
        self._code = code
        self._tell.end(code == OK, self._meaning(code))
        plain = self.order.link is None and self.order.pull is None
        if code == OK or (code == UNITS_FAILED and plain):
            return await self._prove(transport, code)
        return await self._failed(transport, self._meaning(code), code)

    async def _prove(self, transport: Transport, code: int) -> Verdict:
        """Log in anew and look; only a host that lets us in, runs the new system and is well is made to last.

        The last sign of life goes before this: everything here has to fit into one `revert_after`.
        """
        try:
            if self._until is not None and self._until - self.run.clock() < 0.8 * self.order.revert_after:
                await self._sign_of_life(transport, SIGN_LIMIT_S)
        except RemoteError as error:
            self._tell.note(f"the last sign of life did not arrive: {error.reason}")
        self._tell.begin("verifying")
        self.run.requests.offer(self.host.name, _LOGGING_IN)
        try:
            async with AsyncExitStack() as stack:
                proof = transport
                if self.order.confirm:
                    proof = await self._while_heeding(stack.enter_async_context(transport.fresh()), transport)
                problem = await self._proof(proof, code)
                if problem is None:
                    return await self._commit(proof)
        except Cancelled as stop:
            return await self._go_back(transport, str(stop) or CANCELLED)
        except RemoteError as error:
            if self._commit_sent or not self.order.confirm:
                raise
            problem = f"the new system did not prove itself over a new connection: {error.reason}"
            return await self._go_back(transport, problem)
        return await self._failed(transport, problem, code)

    async def _failed(self, transport: Transport, why: str, code: int) -> Verdict:
        """Go back, unless it is an activation that stays when it fails."""
        if code == OK or not self.order.stays:
            return await self._go_back(transport, why)
        self._tell.end(False, why)
        verdict = await self._commit(transport)
        if verdict.outcome is not Outcome.COMMITTED:
            return verdict
        return Verdict(Outcome.FAILED, f"{why}; it stays, as autoRollback is off for it", "look at it, or roll it back")

    async def _proof(self, proof: Transport, code: int) -> str | None:
        """What is wrong with the new system, seen over a login of its own; `None` when it may stay."""
        seen = await self._while_heeding(guard.verify(proof, self.order.operation), proof)
        if self.order.pull is not None:
            if self.order.lasting and seen.current != seen.profile:
                return f"it runs {seen.current}, and its profile leads to {seen.profile}: the command did not switch"
        elif seen.current != self.order.new:
            return f"{self._where} {seen.current or 'nothing known'} instead of the new system"
        self.run.requests.offer(self.host.name)
        try:
            problem = await self._while_heeding(self._problem(proof, seen, code), proof)
        except Confirmed:
            self._tell.end(True, "a new login and the system are well; the operator confirmed the rest by hand")
            return None
        if problem is None:
            self._tell.end(True, "a new login, the system, its units and its health are well")
        return problem

    async def _while_heeding(self, work: Awaitable[T], transport: Transport) -> T:
        """The result of `work`. Meanwhile what is asked of this host is done, over `transport`.

        Raises `Cancelled` when it is to go back, and `Confirmed`.
        """
        return await self.run.unless_cancelled(_unless_ended(work, self._heed(transport)))

    async def _heed(self, transport: Transport, *, once: asyncio.Event | None = None) -> NoReturn:
        """Do what people ask of this host, from `once` on."""
        if once is not None:
            await once.wait()
        while True:
            match await self.run.requests.next(self.host.name):
                case Request.GO_BACK:
                    raise Cancelled(TAKEN_BACK)
                case Request.CONFIRM:
                    raise Confirmed
                case Request.EXTEND:
                    try:
                        await self._sign_of_life(transport, SIGN_LIMIT_S)
                        self._tell.note(f"{self.order.revert_after:g} s more from now")
                    except RemoteError as error:
                        self._tell.note(f"the time could not be extended: {error.reason}")
                    except asyncio.CancelledError:  # what went on meanwhile has ended, and the wish is still one
                        self.run.requests.give_back(self.host.name, Request.EXTEND)
                        raise

    async def _problem(self, proof: Transport, seen: guard.Verification, code: int) -> str | None:
        """What else is wrong with the new system; `None` when it proved itself."""
        if seen.newly_failed:
            self._tell.keep(seen.log)
            units = ", ".join(seen.newly_failed)
            return f"{units} failed, which did not fail before" + (f"; {meaning(code)}" if code else "")
        if seen.still_failed:
            self._tell.note(f"failed before as well: {', '.join(seen.still_failed)}")
        for check in self.health:
            done = await proof.run(Script("health", check.command), timeout=check.timeout)
            if done.exit_status != 0:
                self._tell.keep((done.stdout + done.stderr).splitlines()[-10:])
                return f"the health command `{check.command}` failed (exit {done.exit_status})"
        return None

    async def _commit(self, proof: Transport) -> Verdict:
        self.run.requests.withdraw(self.host.name, "it is being committed")
        self._tell.begin("committing" if self.order.lasting else "disarming")
        self._commit_sent = True
        finding = await guard.commit(proof, self.order.operation, self.order.activation_timeout)
        return await self._told(proof, finding)

    async def _go_back(self, transport: Transport, why: str) -> Verdict:
        """Revert at once; when the host cannot be told so, its timer does it and `_rejoin` finds out."""
        self._tell.end(False, why)
        self.run.requests.withdraw(self.host.name, "it is going back already")
        self._tell.begin("reverting")
        return await self._told(transport, await guard.revert(transport, self.order.operation, why))

    async def _rejoin(self, lost: RemoteError) -> Verdict:
        """The link is gone while the host may be armed. Come back and go on where it stands, or learn what it did."""
        self._tell.end(False, lost.reason)
        self._tell.begin("rejoining")
        self.run.requests.withdraw(self.host.name, "the host cannot be reached; it goes back by itself")
        self._tell.note(f"{lost.reason}; the host goes back by itself unless it is reached again")
        last_try = max(self._until or 0.0, self.run.clock()) + REJOIN_GRACE_S
        while self.run.clock() < max(last_try, (self._until or 0.0) + REJOIN_GRACE_S):
            try:
                # Never the old connection: it may hang for minutes on a network that was restarted under it.
                async with self.reach(self.host) as shared, shared.fresh() as transport:
                    return await self._resume(transport)
            except RemoteError as error:
                lost = error
            await asyncio.sleep(REJOIN_EVERY_S)
        stays = self._commit_sent or not self.order.confirm
        by_itself = "it finishes the commit" if stays else "it goes back"
        return Verdict(
            Outcome.UNKNOWN,
            f"the host cannot be reached ({lost.reason}), so what it did is not known; by itself {by_itself}",
            f"when it answers again: nixtui journal {self.order.operation}",
        )

    async def _resume(self, transport: Transport) -> Verdict:
        finding = await guard.inspect(transport, self.order.operation)
        if finding.outcome is not GuardOutcome.OPEN:
            return await self._told(transport, finding)
        self._tell.end(True, "reached again")
        self._activating.set()
        self.run.requests.offer(self.host.name, _ACTIVATING)
        if finding.verdict == "commit":
            return await self._commit(transport)
        if finding.verdict is not None:
            return await self._go_back(transport, "the host had decided to go back")
        if self.run.cancelling.is_set():
            return await self._go_back(transport, CANCELLED)
        await self._sign_of_life(transport, SIGN_LIMIT_S)
        self._tell.begin("testing")
        limit = self.order.activation_timeout
        following = guard.follow(transport, self.order.operation, self._lines_heard, self._hear, limit)
        return await self._conclude(transport, following)

    async def _told(self, transport: Transport, finding: Finding) -> Verdict:
        """What the host says became of it; then it may forget."""
        self.finding = finding
        self._tell.keep(finding.log)
        if finding.code is not None:
            self._code = finding.code
        if finding.outcome not in (GuardOutcome.OPEN, GuardOutcome.NONE):
            try:
                await guard.release(transport, self.order.operation)
            except RemoteError as error:
                self._tell.note(f"the host keeps its record of this until the next operation: {error.reason}")
        order = self.order
        if order.link is not None:
            return judge_profile(finding, order.link)
        if order.pull is not None:
            was, led = order.expect_current, order.expect_profile
            return judge_pull(finding, previous=was, profile=led, boot_id=self._boot_id)
        return judge(finding, new=order.new, previous=order.expect_current, boot_id=self._boot_id, lasts=order.lasts)

    async def _keep_alive(self, transport: Transport) -> NoReturn:
        """Push the deadline back while the activation runs. Raises a `RemoteError` when the link is not to be trusted.

        A new system that restarts the network leaves the old connection dead and the host well: what the old
        connection does not carry, a new one may.
        """
        await self._activating.wait()
        period = self.order.revert_after / SIGNS_PER_WINDOW
        while True:
            await asyncio.sleep(period)
            try:
                await self._sign_of_life(transport, min(SIGN_LIMIT_S, 0.75 * period))
            except RemoteError as error:
                self._tell.note(f"a sign of life did not arrive: {error.reason}; trying a new connection")
                async with transport.fresh() as another:
                    await self._sign_of_life(another, SIGN_LIMIT_S)
                raise

    async def _sign_of_life(self, transport: Transport, limit: float) -> None:
        answer = await guard.extend(transport, self.order.operation, limit)
        if isinstance(answer, guard.Armed):
            self._armed_for(answer.seconds)

    def _hear(self, answer: Answer) -> None:
        match answer:
            case guard.Locked(boot_id):
                self._boot_id = boot_id
                self._tell.end(True)
            case guard.Armed(seconds):
                self._tell.begin("armed")
                self._armed_for(seconds)
                self._tell.end(True, f"goes back by itself after {round(seconds)} s without us")
            case guard.Started():
                self._activating.set()
                self.run.requests.offer(self.host.name, _ACTIVATING)
                self._tell.begin("testing")
            case guard.Output(text):
                self._lines_heard += 1
                self._tell.output(text)
            case guard.Swept(operation, what):
                self._tell.note(f"cleared away what operation {operation} left here ({what})")

    def _armed_for(self, seconds: float) -> None:
        self._until = self.run.clock() + seconds
        self._tell.countdown(self._until, self._boot_id)

    def _report(self, verdict: Verdict) -> TargetReport:
        return TargetReport(
            name=self.host.name,
            outcome=verdict.outcome,
            before=self.before,
            after=self.after,
            exit_code=self._code,
            detail=verdict.detail,
            remedy=verdict.remedy,
            seconds=round(self.run.clock() - self._started_at, 3),
            log=() if verdict.outcome.is_success else tuple(self._tell.lines),
        )


async def _unless_ended(work: Awaitable[T], *watching: Coroutine[None, None, NoReturn]) -> T:
    """The result of `work`, or the error of what watches over it, whichever is first; the others are cancelled."""
    first = asyncio.ensure_future(work)
    watchers = [asyncio.ensure_future(each) for each in watching]
    try:
        await asyncio.wait([first, *watchers], return_when=asyncio.FIRST_COMPLETED)
        ended = [each for each in watchers if each.done()]
        for each in ended:
            if isinstance(each.exception(), Cancelled | Confirmed):  # what people ask for counts, however late
                raise each.exception() or Cancelled
        return first.result() if first.done() else ended[0].result()
    finally:
        for task in (first, *watchers):
            task.cancel()
        await asyncio.gather(first, *watchers, return_exceptions=True)
