"""PID 1 of a demo host: the running system's units, whose processes are imagined, and transient ones that are real.

A transient unit belongs to nobody's connection; it ends when it is done, when it is stopped, or with the demo.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from nixtui.demo.host_log import ERROR, FAILED_ID, INFO, NOTICE, STARTED_ID, HostLog
from nixtui.demo.jobs import Job, JobRun, jobs_of
from nixtui.demo.processes import Child, Processes
from nixtui.demo.system import UnitFile
from nixtui.demo.unit import Transient, Unit

_STOP_LIMIT_S: Final = 90.0
"""DefaultTimeoutStopSec."""
_SUB: Final = {"service": "running", "timer": "waiting", "socket": "listening", "target": "active"}


class Systemd:
    """The units of one host. `changed` is called whenever their states did, with the state of the whole."""

    def __init__(
        self,
        processes: Processes,
        log: HostLog,
        tasks: asyncio.TaskGroup,
        clock: Callable[[], float],
        changed: Callable[[str, int], None],
        hostname: str = "",
    ) -> None:
        self.log = log
        self.jobs: Mapping[str, Job] = {}
        self.runs: dict[str, JobRun] = {}
        self._hostname = hostname
        self._nights = 0
        self._processes = processes
        self._tasks = tasks
        self._clock = clock
        self._changed = changed
        self._files: Mapping[str, UnitFile] = {}
        self._units: dict[str, Unit] = {}
        self._transient: dict[str, Transient] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, Child] = {}

    # ------------------------------------------------------------ looking

    @property
    def units(self) -> list[Unit]:
        """All that are loaded, by name."""
        return [self._units[name] for name in sorted(self._units)]

    @property
    def state(self) -> str:
        """How the whole is."""
        return "degraded" if any(unit.is_failed for unit in self._units.values()) else "running"

    def unit(self, name: str) -> Unit | None:
        """A loaded unit."""
        return self._units.get(name)

    def matching(self, patterns: Iterable[str]) -> list[Unit]:
        """The loaded units that any of these patterns means."""
        wanted = list(patterns)
        return [unit for unit in self.units if any(fnmatchcase(unit.name, pattern) for pattern in wanted)]

    def main_pid(self, name: str) -> int:
        """The process of a transient service; 0 for the imagined ones."""
        child = self._children.get(name)
        return child.pid if child else 0

    # ------------------------------------------------------------ the running system's units

    def load(self, files: Iterable[UnitFile]) -> None:
        """What the running system defines, as after `daemon-reload`. Units that are gone stay while they are active."""
        self._files = {file.name: file for file in files}
        self.jobs = jobs_of(self._hostname, list(self._files))
        kept = {*self._files, *self._transient, *(job.service for job in self.jobs.values())}
        for name in [each for each in self._units if each not in kept]:
            if not self._units[name].is_up:
                del self._units[name]
        for file in self._files.values():
            unit = self._units.setdefault(file.name, Unit(file.name, file.description, since=self._clock()))
            unit.description = file.description
        for job in self.jobs.values():
            if job.service not in self._units:
                self._units[job.service] = Unit(job.service, job.description, since=self._clock())
                if not self._nights:
                    self._look_back(job)
        self._nights = 1
        self._tell()

    def _look_back(self, job: Job) -> None:
        """How the last night was: from the first boot on the host remembers its own."""
        began = job.last(self._clock())
        run = self.runs[job.service] = JobRun(began, began + job.took_s, is_well=not job.failed_with)
        self._say_job(job, job.failed_with or job.says, run)
        state = ("inactive", "dead") if run.is_well else ("failed", "failed")
        self._set(self._units[job.service], *state, run.ended)

    def _say_job(self, job: Job, lines: Iterable[str], run: JobRun) -> None:
        self.log.systemd(job.service, f"Starting {job.description}...", at=run.began)
        for text in lines:
            self.log.say(job.service, text, pid=7100, at=run.ended, priority=INFO if run.is_well else ERROR)
        if run.is_well:
            self.log.systemd(job.service, f"Finished {job.description}.", at=run.ended)
        else:
            text = f"{job.service}: Main process exited, code=exited, status=2/INVALIDARGUMENT"
            self.log.systemd(job.service, text, at=run.ended)
            failed = f"{job.service}: Failed with result 'exit-code'."
            self.log.systemd(job.service, failed, priority=NOTICE, at=run.ended)

    async def _run_job(self, unit: Unit, job: Job) -> bool:
        """Now, by hand: in the demo nobody waits as long as it takes at night."""
        began = self._clock()
        self._set(unit, "activating", "start")
        await asyncio.sleep(min(job.took_s, 2.0))
        run = self.runs[unit.name] = JobRun(began, self._clock(), is_well=True)
        self._say_job(job, job.says, run)
        self._set(unit, "inactive", "dead")
        return True

    def boot(self, at: float) -> None:
        """Everything that the system defines was started `at` a time; what fails later may have failed by now."""
        for file in self._files.values():
            self._start_file(file, at)

    def expect(self, faults: Mapping[str, str]) -> None:
        """These units, which are up, fail some time from now, once: `UnitFile.fault` has the form."""
        for name, fault in faults.items():
            after, message = UnitFile(name, "", "", "", fault).fails
            self._work[name] = self._tasks.create_task(self._fail_later(self._units[name], message, after))

    async def start(self, name: str) -> bool:
        """Start a unit that is loaded; whether it is up then."""
        unit = self._units[name]
        if unit.is_up:
            return True
        await self._cancel(name)
        if name in self._files:
            self._start_file(self._files[name], self._clock())
        elif (job := next((each for each in self.jobs.values() if each.service == name), None)) is not None:
            return await self._run_job(unit, job)
        elif name in self._transient:
            self._work[name] = self._tasks.create_task(self._serve(unit, self._transient[name]))
        return not unit.is_failed

    async def stop(self, name: str) -> None:
        """Stop a unit, and wait until it has."""
        unit = self._units[name]
        await self._cancel(name)
        if name in self._files or name in self.runs or name.endswith(".timer"):
            await self._drain(unit)
        self._forget_if_idle(name)

    def reset_failed(self) -> None:
        """Let bygones be bygones."""
        for unit in [each for each in self.units if each.is_failed]:
            self._set(unit, "inactive", "dead")
            self._forget_if_idle(unit.name)

    def kill(self, name: str, number: int) -> None:
        """Signal the processes of a transient service."""
        if name in self._children:
            self._children[name].signal(number)

    async def shut_down(self) -> None:
        """Nothing runs any more, as in the moment before a machine restarts."""
        ending = list(self._work.values())
        for task in ending:
            task.cancel()  # first, or a service that restarts would do so
        await self._processes.kill_all()
        await asyncio.gather(*ending, return_exceptions=True)
        self._work.clear()
        self._units.clear()
        self._transient.clear()
        self.runs.clear()

    def _start_file(self, file: UnitFile, at: float) -> None:
        unit = self._units[file.name]
        after, message = file.fails
        if message and after <= 0:
            self._fail(unit, message, at)
            return
        self._set(unit, "active", _SUB.get(file.name.rpartition(".")[2], "active"), at)
        self.log.systemd(file.name, f"Started {file.description}.", at=at, fields={"MESSAGE_ID": STARTED_ID})
        if message and at + after <= self._clock():
            self._fail(unit, message, at + after)
        elif message:
            self._work[file.name] = self._tasks.create_task(self._fail_later(unit, message, at + after - self._clock()))

    async def _fail_later(self, unit: Unit, message: str, delay: float) -> None:
        await asyncio.sleep(delay)
        self._fail(unit, message, self._clock())

    def _fail(self, unit: Unit, message: str, at: float) -> None:
        self.log.say(unit.name, message, pid=2000 + len(message), priority=ERROR, at=at)
        self.log.systemd(unit.name, f"{unit.name}: Main process exited, code=exited, status=1/FAILURE", at=at)
        how = {"MESSAGE_ID": FAILED_ID, "UNIT_RESULT": "exit-code"}
        self.log.systemd(unit.name, f"{unit.name}: Failed with result 'exit-code'.", priority=NOTICE, at=at, fields=how)
        self._set(unit, "failed", "failed", at)

    async def _drain(self, unit: Unit) -> None:
        """Most stop at once; one that has work to finish takes as long as that takes."""
        file = self._files.get(unit.name)
        if file is not None and unit.is_up and file.drains:
            self._set(unit, "deactivating", "stop-sigterm")
            stopping = self._work[unit.name] = self._tasks.create_task(asyncio.sleep(file.drains))
            await asyncio.wait((stopping,))
            if stopping.cancelled():
                return  # somebody started it again
        self._set(unit, "inactive", "dead")
        self.log.systemd(unit.name, f"Stopped {unit.description}.")

    # ------------------------------------------------------------ transient units

    def run(self, transient: Transient) -> str:
        """Start a service, or a timer that will; the name of what was started. Raises `ValueError` when it is there."""
        service = f"{transient.name}.service"
        timer = f"{transient.name}.timer"
        name = service if transient.on_active is None else timer
        if name in self._units or service in self._units:
            raise ValueError(name)
        description = " ".join(transient.command)
        self._transient[service] = transient
        self._units[service] = Unit(service, description, since=self._clock())
        if transient.on_active is None:
            self._work[name] = self._tasks.create_task(self._serve(self._units[name], transient))
        else:
            self._transient[timer] = transient
            self._units[timer] = Unit(timer, description, "active", "waiting", self._clock())
            self._work[timer] = self._tasks.create_task(self._elapse(timer, service, transient.on_active))
        return name

    async def _elapse(self, timer: str, service: str, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.start(service)
        del self._work[timer]
        self._set(self._units[timer], "inactive", "dead")
        self._forget_if_idle(timer)

    async def _serve(self, unit: Unit, transient: Transient) -> None:
        """A service from its start to its end, with as many attempts as its Restart= says."""
        self._set(unit, "active", "running")
        failed = False
        try:
            while failed := not await self._attempt(unit.name, transient):
                if not transient.restarts:
                    break
                self._set(unit, "activating", "auto-restart")
                await asyncio.sleep(transient.limit("RestartSec") or 0.1)
                self._set(unit, "active", "running")
        finally:
            self._work.pop(unit.name, None)
            self._set(unit, *(("failed", "failed") if failed and not transient.collect else ("inactive", "dead")))
            self._forget_if_idle(unit.name)

    async def _attempt(self, name: str, transient: Transient) -> bool:
        """Run its command once; whether it succeeded. Whatever it leaves behind is ended with it."""
        child = await self._processes.start(Child, *transient.command, environ=transient.environ)
        self._children[name] = child
        try:
            async with asyncio.timeout(transient.limit("RuntimeMaxSec")):
                return await asyncio.shield(child.ended) == 0
        except TimeoutError:
            self.log.systemd(name, f"{name}: Service reached runtime time limit. Stopping.", priority=NOTICE)
            return False
        finally:
            await self._processes.end(child, transient.limit("TimeoutStopSec") or _STOP_LIMIT_S)
            self._children.pop(name, None)

    # ------------------------------------------------------------ states

    async def _cancel(self, name: str) -> None:
        """End whatever would change a unit's state by itself."""
        task = self._work.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def _forget_if_idle(self, name: str) -> None:
        """A transient unit that does nothing is no unit any more, unless its timer still waits."""
        transient = self._transient.get(name)
        if transient is None:
            return
        pair = [each for each in (f"{transient.name}.service", f"{transient.name}.timer") if each in self._units]
        if all(self._units[each].active == "inactive" for each in pair):
            for each in pair:
                del self._units[each], self._transient[each]
        self._tell()

    def _set(self, unit: Unit, active: str, sub: str, at: float | None = None) -> None:
        unit.active, unit.sub, unit.since = active, sub, self._clock() if at is None else at
        self._tell()

    def _tell(self) -> None:
        self._changed(self.state, sum(unit.is_failed for unit in self._units.values()))
