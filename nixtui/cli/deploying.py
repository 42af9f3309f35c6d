"""From selectors to a deploy that can be proposed: built, looked at on its hosts, planned."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from nixtui.activation.guarded import HealthCheck
from nixtui.builds.building import Building
from nixtui.builds.job import prepare_build
from nixtui.cli.assembly import Assembly
from nixtui.cli.build_places import HERE, Asked
from nixtui.cli.comparing import Comparing
from nixtui.cli.evaluating import flake_found, flake_of, request_here
from nixtui.cli.nodes import NO_NODES, flake_name, host_of, nodes_of, part_of
from nixtui.cli.output import narrate
from nixtui.cli.secrets_of_hosts import secrets_check
from nixtui.config import Configuration
from nixtui.config.paths import cache_dir, state_dir
from nixtui.deploys.choice import Choice
from nixtui.deploys.copying import CopySettings
from nixtui.deploys.copying_first import prepare_copy
from nixtui.deploys.findings import findings
from nixtui.deploys.foresight import foresee
from nixtui.deploys.gate import GateRules, Page
from nixtui.deploys.job import Means, deploy_job
from nixtui.deploys.plan import Deploy, plan_deploy
from nixtui.deploys.preflight import Candidate, Examiner
from nixtui.deploys.profiles import Wished
from nixtui.deploys.pulling import Pull, Puller
from nixtui.deploys.secrets import SecretsCheck
from nixtui.model.closure import Closure
from nixtui.model.commit import CommitRange
from nixtui.model.host import Host, Way
from nixtui.model.system import System
from nixtui.nix.build_place import BuildOptions
from nixtui.nix.colmena import HiveTarget
from nixtui.nix.deploy_rs import DeployTarget
from nixtui.nix.errors import NixError, NixFailed, NixRefused, NixStopped
from nixtui.nix.key_values import key_values
from nixtui.nix.local_store import keep, local_closure, on_disk
from nixtui.operations.operation import Operation, Prepared
from nixtui.operations.plan import Plan, left_out
from nixtui.operations.policy import Consent, Refused
from nixtui.operations.report import Outcome, Report
from nixtui.remote.errors import Unreachable
from nixtui.remote.shell import NoShell
from nixtui.remote.ssh_program import TARGET, ssh_program
from nixtui.remote.transport import Transport

EXAMINED_AT_ONCE = 32

KEPT_AT_ONCE = 4

ASKED = Asked(options=BuildOptions(keep_going=True))


def gate_rules(configuration: Configuration) -> GateRules:
    """`[rollout.gate]` as the value that deploys work with."""
    gate = configuration.rollout.gate
    return GateRules(
        units=gate.units,
        commands=tuple(HealthCheck(each.command, each.timeout or gate.timeout) for each in gate.commands),
        pages=tuple(Page(each.url, each.status) for each in gate.http),
        timeout=gate.timeout,
    )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A deploy with what one decides by, in lines by host."""

    deploy: Deploy
    known: Mapping[str, Sequence[str]]


def _of_build(build: Plan) -> Mapping[str, Mapping[str, str]]:
    """By host, what was built for it and where that is recorded."""
    found: dict[str, Mapping[str, str]] = {}
    for row in build.targets:
        kept = {key: row.facts[key] for key in ("drv", "record") if key in row.facts}
        found.setdefault(host_of(row.name), kept)
    return found


def _has_built(
    first: Operation, systems: Mapping[str, System | NixError], environ: Mapping[str, str]
) -> Mapping[str, str] | None:
    """What of a build is in the store here; `None` where it was of anything else than these systems, or has not ended
    well.
    """
    if first.report is None or not first.report.outcome.is_success:
        return None
    wanted = {name: each.drv_path for name, each in systems.items() if isinstance(each, System)}
    outs = {name: each.out_path for name, each in systems.items() if isinstance(each, System) and each.out_path}
    same = wanted == {row.name: row.facts.get("drv") for row in first.plan.targets}
    here = same and len(outs) == len(systems) and all(on_disk(path, environ).exists() for path in outs.values())
    return outs if here else None


class Deploying:
    """One deploy: everything that `nixtui.deploys` wants handed in, made of the assembly.

    `say` gets narration, `watch` each build as it begins, and `stoppable` lets people stop it. `consent` asks for a yes
    to a build that is not done here; without it, or when it raises `Refused`, there is none. `asked` says where and how
    is built, where the flake does not. `firsts` are builds elsewhere that were agreed to for a deploy: it goes on with
    one that has built just what it needs.
    """

    def __init__(
        self,
        nixtui: Assembly,
        *,
        say: Callable[[str], None] = narrate,
        watch: Callable[[str, Building], None] = lambda _, __: None,
        stoppable: Callable[[Operation], AbstractContextManager[object]] = nullcontext,
        consent: Callable[[Plan], Awaitable[Consent]] | None = None,
        asked: Asked = ASKED,
        firsts: Sequence[Operation] = (),
    ) -> None:
        self._nixtui, self._consent, self._asked = nixtui, consent, asked
        self._say, self._watch, self._stoppable, self._firsts = say, watch, stoppable, firsts
        self._environ = nixtui.surroundings.environ
        self._local: dict[str, Closure] = {}
        self._nodes = NO_NODES
        self._names: Mapping[str, str] = {}
        self._revisions: dict[str, str] = {}
        self._secrets: SecretsCheck | None = None
        self._identity = nixtui.new_identity()
        self._so_far: Operation | None = None
        self._build: Plan | None = None
        self.was_stopped = False
        """Whether the operator stopped it while systems were built: then nothing of it is deployed."""
        self.undecided: Prepared | None = None
        """A build elsewhere that nobody was asked about: once it is done, nothing has to be built for this deploy."""

    async def build(self, hosts: Sequence[Host], given: Mapping[str, str]) -> Mapping[str, str | NixError]:
        """What each host is to have: its system, and of a node of deploy-rs every other profile (under `part_of`). What
        is `given` and still in the local store is not built, the rest is: the first part of the operation, which the
        deploy goes on with. As long as nobody agreed to that, it is a build.

        Raises `UsageError` without a flake, `NixError` without a nix.
        """
        hosts = [host for host in hosts if self._pull(host) is None]
        there = {name: path for name, path in given.items() if on_disk(path, self._environ).exists()}
        left = [host for host in hosts if host.name not in there]
        if flake_found(self._nixtui) is not None:
            flake = flake_of(self._nixtui, self._asked.flake_words)
            if (revision := await flake.revision()) is not None:
                self._revisions = {host.name: revision for host in left}
            self._nodes = await nodes_of(flake, hosts)
            self._names = {host.name: flake_name(host) for host in hosts}
        if not left and not any(name in self._nodes for name in there):
            return there
        if left:
            what = f"{len(left)} systems" if len(left) > 1 else f"the system of {left[0].name}"
            self._say(f"evaluating {what} …")
        request = await request_here(self._nixtui, hosts, self._asked, self._nodes, leave=set(there))
        if not request.systems:
            return there
        for first in self._firsts:
            if (outs := _has_built(first, request.systems, self._environ)) is not None:
                self._identity, self._so_far, self._build = first.id, first, first.plan
                return {**outs, **there}
        begun = list[Building]()

        def started(building: Building) -> None:
            begun.append(building)
            self._watch(self._identity, building)

        prepared = prepare_build(request, self._identity, started)
        if self._consent is None and not prepared.plan.read_only:
            self.undecided = prepared
        report = await self._run(prepared)
        outs = begun[0].outs if begun else {}
        kind = NixRefused if report.outcome is Outcome.REFUSED else NixFailed
        failed: dict[str, str | NixError] = {
            each.name: kind(each.detail or "it was not built", each.remedy, each.log)
            for each in report.targets
            if each.name not in outs
        }
        if report.interrupted:
            self.was_stopped = True
            stopped = {host.name: NixStopped("the operator stopped it while systems were built") for host in hosts}
            return {**stopped, **failed}
        return {**failed, **outs, **there}

    async def _run(self, prepared: Prepared) -> Report:
        """Build. Nobody has to consent to what changes no host."""
        if not prepared.plan.acting_on:
            targets = tuple(left_out(row) for row in prepared.plan.targets)
            return Report(operation=prepared.identity, outcome=Outcome.FAILED, targets=targets)
        nixtui, consent = self._nixtui, None
        try:
            consent = await self._agreed(prepared.plan)
        except Refused as refusal:
            place = self._asked.on
            where = "its flake builds it on the host itself" if place == HERE else f"--on {place} builds it elsewhere"
            why = f"{where}, and that is {refusal}"
            targets = tuple(left_out(row, why) for row in prepared.plan.targets)
            return Report(operation=prepared.identity, outcome=Outcome.REFUSED, targets=targets)
        operation = prepared.begin(nixtui.clock)
        self._so_far, self._build = operation, prepared.plan
        with self._stoppable(operation):
            running = asyncio.ensure_future(operation.run(consent, nixtui.policy, await nixtui.journal()))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:  # nobody wants it any more: it is stopped and recorded as such
                operation.cancel()
                await asyncio.gather(running, return_exceptions=True)
                raise

    async def _agreed(self, plan: Plan) -> Consent | None:
        if plan.read_only:
            return None
        if self._consent is None:
            raise Refused("not confirmed")
        return await self._consent(plan)

    async def keep(self, built: Mapping[str, str | NixError]) -> None:
        """Keep each host's system in the local store until its next one: who is away is caught up with that."""
        folder = state_dir(self._environ) / "systems"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        room = asyncio.Semaphore(KEPT_AT_ONCE)

        async def one(name: str, path: str) -> None:
            async with room:
                try:
                    await keep(path, folder / name.replace("/", "_"), environ=self._environ)
                except NixError as error:
                    self._say(f"{name}: its system may be collected here at any time: {error.reason}")

        async with asyncio.TaskGroup() as group:
            for name, path in built.items():
                if isinstance(path, str):
                    group.create_task(one(name, path))

    async def examine(self, hosts: Sequence[Host], built: Mapping[str, str | NixError]) -> list[Candidate]:
        """Every host looked at, some at a time."""
        self._secrets = await secrets_check(self._nixtui, hosts, self._say)
        examiner = Examiner(self._nixtui.reach, self._closure, self._remote_closure, self._secrets)
        room = asyncio.Semaphore(EXAMINED_AT_ONCE)

        async def one(host: Host) -> Candidate:
            if (pull := self._pull(host)) is not None:
                async with room:
                    return await examiner.examine_puller(host, pull)
            node, wished = self._nodes.get(host.name), None
            if isinstance(node, DeployTarget):
                beside = [each.name for each in node.profiles if not each.is_system]
                wished = Wished(node, {name: built[part_of(host.name, name)] for name in beside})
            async with room:
                hive = node if isinstance(node, HiveTarget) else None
                return await examiner.examine(host, built.get(host.name), wished, hive)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(host)) for host in hosts]
        return await self._with_commits([task.result() for task in tasks])

    async def _with_commits(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """With the commits between what runs and what was built now; of what was built earlier they are not known."""
        comparing, ranges, found = (
            Comparing(self._nixtui),
            dict[tuple[str | None, str], CommitRange](),
            list[Candidate](),
        )
        for each in candidates:
            after = self._revisions.get(each.host.name)
            if (
                after is not None
                and each.system is not None
                and each.seen is not None
                and each.seen.running is not None
            ):
                ends = each.seen.running.configuration_revision, after
                if ends not in ranges:
                    ranges[ends] = await comparing.commits(*ends)
                found.append(replace(each, commits=ranges[ends]))
            else:
                found.append(each)
        return found

    async def propose(self, candidates: Sequence[Candidate], choice: Choice) -> Proposal:
        """The plan, and what one decides by; a host that says it must not go there live is left out, and says why."""
        deploy = self.plan(candidates, choice)
        foreseen = await foresee(deploy, self._nixtui.reach)
        objected = {name: each.objection for name, each in foreseen.items() if each.objection is not None}
        if objected:
            told = [replace(each, objection=objected.get(each.host.name, each.objection)) for each in candidates]
            deploy = self.plan(told, choice)
        known = {each.host.name: findings(each) for each in candidates}
        for name, each in foreseen.items():
            known[name] += each.lines
        return Proposal(deploy.decided_by(known), known)

    def plan(self, candidates: Sequence[Candidate], choice: Choice) -> Deploy:
        """The plan, with this configuration's settings."""
        nixtui = self._nixtui
        deploy = plan_deploy(candidates, choice, nixtui.activation, operation=self._identity, operator=nixtui.operator)
        return deploy if self._build is None else deploy.with_facts(_of_build(self._build))

    def prepare(self, proposal: Proposal, copying: CopySettings) -> Prepared:
        """The deploy as what the operation goes on with, once it is agreed to."""
        deploy = proposal.deploy
        job = deploy_job(deploy, self.means(copying))
        return Prepared(deploy.operation, deploy.plan, job, proposal.known, follows=self._so_far)

    def prepare_copy(self, candidates: Sequence[Candidate], choice: Choice, copying: CopySettings) -> Prepared | None:
        """The copies that a deploy needs, before it is agreed to; `None` where nothing is missing."""
        found = prepare_copy(self.plan(candidates, choice), self.means(copying), self._identity)
        return None if found is None else replace(found, follows=self._so_far)

    def go_on_with(self, operation: Operation) -> None:
        """What was done for the deploy beside building."""
        self._so_far = operation

    async def remember_who_was_away(self, prepared: Prepared, report: Report) -> None:
        """A deploy that began nothing because nobody was there is on record too, so that it can be caught up with."""
        if any(each.outcome is Outcome.UNREACHABLE for each in report.targets):
            nixtui = self._nixtui
            await prepared.begin(nixtui.clock).put_on_record(report, await nixtui.journal())

    def means(self, copying: CopySettings) -> Means:
        """What the job works with."""
        configuration = self._nixtui.configuration
        rules = gate_rules(configuration)
        place, values = configuration.directory, self._key_values
        return Means(self._nixtui.reach, self._ssh_for, copying, rules, place, values, self._secrets)

    def _pull(self, host: Host) -> Pull | None:
        """What the host fetches by itself, if `nixtui.toml` says so."""
        section = self._nixtui.configuration.hosts.get(host.name)
        if section is None:
            return None
        if section.pull is not None:
            return Pull(Puller.NIXOS_REBUILD, section.pull)
        return Pull(Puller.FH, section.fh) if section.fh is not None else None

    async def _key_values(self, name: str) -> Mapping[str, bytes]:
        """What is in the keys of a host, read anew each time."""
        node = self._nodes.get(name)
        if not isinstance(node, HiveTarget):
            return {}
        return await key_values(flake_of(self._nixtui, self._asked.flake_words), self._names[name], node.keys)

    async def _closure(self, path: str) -> Closure:
        if path not in self._local:
            self._local[path] = await local_closure(
                path, directory=self._nixtui.configuration.directory, environ=self._environ
            )
        return self._local[path]

    async def _remote_closure(self, transport: Transport, path: str) -> Closure:
        return await self._nixtui.closures.closure(transport, path)

    async def _ssh_for(self, host: Host) -> AbstractContextManager[Mapping[str, str]]:
        if self._nixtui.way(host) is Way.SSM:
            raise Unreachable(
                host.name,
                "systems are copied over SSH, and it is reached by SSM Run Command, which carries none",
                f"have it fetch its system by itself: pull or fh in [hosts.{host.name}]",
            )
        access = self._nixtui.pool.access
        destination, hops = await access.way(host)
        try:
            ways, spare = {TARGET: (destination, hops)}, cache_dir(self._environ) / "ssh"
            return ssh_program(ways, access.settings, self._environ, spare)
        except NoShell as error:
            raise Unreachable(host.name, error.reason, "install OpenSSH: nix copies over it") from error
