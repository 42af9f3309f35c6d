"""Instances of EC2, for the app: the real thing behind `nixtui.tui.cockpit.instances.InstanceWork`."""

import asyncio
import shlex
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from nixtui.aws.console_output import ConsoleOutput, console_output
from nixtui.aws.errors import AwsError
from nixtui.aws.logins import EVERYWHERE, Logins
from nixtui.aws.session import DEMO
from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit.images import LiveImages, troubles
from nixtui.cli.exits import UsageError
from nixtui.cli.instances.recover import situation_of
from nixtui.cli.terminal import itself
from nixtui.images.catalogue import list_images
from nixtui.images.changing import Change, changing_job, plan_changes
from nixtui.images.machines import type_facts
from nixtui.instances.acting import ACTS, told_apart
from nixtui.instances.belonging import hosts_of, placed, strictest
from nixtui.instances.doors import NOTHING_BEHIND, Door, doors, look
from nixtui.instances.launching import LONGEST_USER_DATA, Launch, launch_change
from nixtui.instances.offers import LaunchWish, Offers, offers
from nixtui.instances.recovering import Playbook, playbooks
from nixtui.instances.refreshing import (
    Refresh,
    Rollout,
    end_change,
    latest_refresh,
    plan_refresh,
    refresh_job,
)
from nixtui.instances.standing import Group, Instances, Standing, list_groups, survey_all
from nixtui.model.host import Host
from nixtui.model.image import Image
from nixtui.model.naming import refuse_name
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan

LOOK_EVERY_S = 5.0
"""How often a refresh is looked at while somebody may watch it."""


class LiveInstances:
    """`keep` remembers what was prepared until somebody says yes; `hosts` are those of the fleet now."""

    def __init__(
        self,
        nixtui: Assembly,
        images: LiveImages,
        hosts: Callable[[], Iterable[Host]],
        keep: Callable[[Prepared], Plan],
    ) -> None:
        self._nixtui = nixtui
        self._images = images
        self._hosts = hosts
        self._keep = keep
        self._seen: Sequence[Standing] = ()

    @property
    def _logins(self) -> Logins:
        return self._images.logins

    async def survey(self) -> Instances:
        """In the regions of `[ec2]`, with its filters; else in all that are enabled.

        Raises `AwsError` where there is one login and no region tells of any instance.
        """
        ec2, logins, denied = self._nixtui.configuration.ec2, self._logins, list[AwsError]()
        found = await survey_all(logins, self._images.regions_of(denied), ec2.filters if ec2 is not None else {})
        if not logins.several and len(found.blind) >= max(1, len(found.regions)):
            raise next(problem for _, what, problem in found.problems if what == "instances")
        self._seen = found.standings
        expires_at, ends_first = await logins.soonest_end()
        return Instances(
            standings=found.standings,
            regions=found.regions,
            troubles=troubles([*((EVERYWHERE, None, why) for why in denied), *found.problems], logins),
            expires_at=expires_at,
            logins=logins.several,
            ends_first=ends_first,
        )

    async def doors(self, standing: Standing) -> Sequence[Door]:
        """Nothing is opened."""
        path = self._nixtui.surroundings.environ.get("PATH")
        plugin = shutil.which("session-manager-plugin", path=path) is not None
        instance = standing.instance
        return doors(instance, await look(self._logins.of(instance.login), instance, plugin=plugin))

    async def console(self, standing: Standing) -> ConsoleOutput:
        """Raises `AwsError`."""
        instance = standing.instance
        return await console_output(self._logins.of(instance.login), instance.region, instance.identity)

    def session_words(self, standing: Standing, door: str | None) -> Sequence[str]:
        """Nixtui's own command. Raises `UsageError` in the demo, where nothing is behind the instances."""
        if DEMO in self._nixtui.surroundings.environ:
            raise UsageError(NOTHING_BEHIND)
        instance = standing.instance
        return [
            *self._beginning(),
            *("instance", "connect", instance.identity, "--region", instance.region),
            *(["--profile", profile] if (profile := self._logins.of(instance.login).profile) else []),
            *(["--door", door] if door else []),
        ]

    async def session(self, words: Sequence[str], *, stay: bool = False) -> int:
        """What it said is on the terminal until enter is pressed, where it did not end well or one is to `stay`."""
        from nixtui.cli.terminal import ask
        from nixtui.remote.shell import in_foreground

        status = await in_foreground(words, self._nixtui.surroundings.environ)
        if status or stay:
            await ask(f"it ended with {status}; enter goes back ")
        return status

    async def playbooks(self, standing: Standing) -> Sequence[Playbook]:
        """Asks AWS and tries SSH; changes nothing."""
        session = self._logins.of(standing.instance.login)
        return playbooks(await situation_of(standing, self._nixtui, session))

    def step_words(self, command: str) -> Sequence[str]:
        """Nixtui's own command, with its configuration; what is not nixtui's is as it is."""
        program, *rest = shlex.split(command)
        return [*self._beginning(), *rest] if program == "nixtui" else [program, *rest]

    def _beginning(self) -> list[str]:
        path = self._nixtui.configuration.path
        config = ["--config", str(path)] if path is not None else []
        return [*itself(), *config, *(["--read-only"] if self._nixtui.policy.read_only else [])]

    async def refresh(self, group: Group) -> Refresh | None:
        """Raises `AwsError`."""
        return await latest_refresh(self._logins.of(group.login), group.region, group.name)

    async def images(self, region: str, login: str | None = None) -> Sequence[Image]:
        """Raises `AwsError`."""
        images, problems = await list_images(self._logins.of(login), [region])
        if problems:
            raise problems[0][1]
        return images

    async def offers(self, image: Image) -> Offers:
        """Never raises `AwsError`: what may not be asked can still be typed."""
        return await offers(self._logins.of(image.login), image)

    async def plan_act(self, word: str, standings: Sequence[Standing]) -> Plan:
        """As the instances were seen; EC2 itself refuses what is no longer so."""
        called = told_apart(standings)
        changes = [replace(ACTS[word](each), name=name) for each, name in zip(standings, called, strict=True)]
        lost = ("terminated instances and their root volumes are gone",) if word == "terminate" else ()
        what = called[0] if len(called) == 1 else f"{len(called)} instances"
        plan = plan_changes(f"instance-{word}", f"{word.capitalize()} {what}", changes, lost)
        plan = _told(plan, word)
        where = [self._environment([each.instance.identity]) for each in standings]
        return self._prepare(placed(plan, where), changes)

    async def plan_launch(self, wish: LaunchWish) -> Plan:
        """Raises `UsageError`, and `AwsError` where the type is none."""
        if reason := refuse_name(wish.name):
            raise UsageError(f"the name {reason}")
        identity, image = self._nixtui.new_identity(), wish.image
        launch = Launch(
            image=image,
            name=wish.name,
            kind=wish.kind,
            token=identity,
            subnet=wish.subnet or None,
            security_groups=wish.security_groups,
            key_pair=wish.key_pair or None,
            profile=wish.profile or None,
            user_data=await asyncio.to_thread(self._user_data, wish.user_data) if wish.user_data else None,
        )
        change = launch_change(launch, await type_facts(self._logins.of(image.login), image.region, wish.kind))
        plan = plan_changes("instance-launch", f"Launch {wish.name} from {image.name}", [change])
        return self._prepare(_told(plan, "launch"), [change], identity)

    def _user_data(self, text: str) -> bytes:
        path = self._nixtui.surroundings.cwd / Path(text).expanduser()
        try:
            with path.open("rb") as file:
                return file.read(LONGEST_USER_DATA + 1)
        except OSError as error:
            raise UsageError(f"user data: {path} cannot be read: {error.strerror}") from error

    async def plan_roll(self, wish: Rollout) -> Plan:
        """The group as it is now, not as it was seen."""
        seen = wish.group
        session = self._logins.of(seen.login)
        groups = await list_groups(session, seen.region, [seen.name])
        rollout = replace(wish, group=groups[0] if groups else seen)
        running = await latest_refresh(session, seen.region, seen.name)
        known = (each.group_image for each in self._seen if each.group is not None and _is_same(each.group, seen))
        starts = next((image.name for image in known if image is not None), None)
        plan = plan_refresh(rollout, running if running is not None and running.is_running else None, starts=starts)
        plan = placed(plan, [self._environment(rollout.group.members)])
        job = refresh_job(rollout, session, every_s=LOOK_EVERY_S)
        return self._keep(Prepared(self._nixtui.new_identity(), plan, job))

    async def plan_end_roll(self, group: Group, *, back: bool) -> Plan:
        """Refused where none runs, or where there is no way back."""
        change = end_change(group, await self.refresh(group), back=back)
        word = "Roll back" if back else "Cancel"
        plan = plan_changes("instance-refresh-end", f"{word} the instance refresh of {group.name}", [change])
        plan = _told(plan, "take back the roll of" if back else "cancel the roll of")
        return self._prepare(placed(plan, [self._environment(group.members)]), [change])

    def _prepare(self, plan: Plan, changes: Sequence[Change], identity: str | None = None) -> Plan:
        job = changing_job(plan, changes, self._logins)
        return self._keep(Prepared(identity or self._nixtui.new_identity(), plan, job))

    # What environments ask for

    def _environment(self, identities: Iterable[str]) -> str | None:
        """Of the hosts that these instances are, the environment that asks for most."""
        belonging = hosts_of([each.instance for each in self._seen], self._hosts())
        hosts = (host for each in identities if (host := belonging.get(each)) is not None)
        return strictest(hosts, self._nixtui.policy.environments)


def _is_same(group: Group, other: Group) -> bool:
    return (group.login, group.region, group.name) == (other.login, other.region, other.name)


def _told(plan: Plan, verb: str) -> Plan:
    """What is done, beside to what."""
    steps = (msgspec.structs.replace(step, title=f"{verb} {step.title}") for step in plan.steps)
    return msgspec.structs.replace(plan, steps=tuple(steps))
