"""Getting an instance back: for each kind of breakage the steps in the order in which they lose least.

Each is an operation of its own, and each that cannot be taken has its reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from shlex import quote

from nixtui.aws.logins import by_profile
from nixtui.instances.doors import CONSOLE_OUTPUT, OPENED, Door
from nixtui.instances.standing import Standing


class Deed(Enum):
    """What a step is, for who has dialogs of its own for it; all others are the command and nothing else."""

    COMMAND = auto()
    ROLLBACK = auto()
    REBOOT = auto()
    TERMINATE = auto()
    LAUNCH = auto()
    CONSOLE = auto()
    DOOR = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `closed` is why it cannot be done, `None` where nothing speaks against it; `loses` what is gone
    or changed for good afterwards. `door` is the word of the one that it goes by.
    """

    words: str
    command: str
    closed: str | None = None
    loses: str | None = None
    deed: Deed = Deed.COMMAND
    door: str | None = None


@dataclass(frozen=True, slots=True)
class Playbook:
    """The steps for one kind of breakage, the mildest first: go on with the next only where one did not help."""

    name: str
    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the instance beside its doors.

    `host` is its name in the fleet, `None` where it is no host of it; `ssh_closed` is why SSH does not reach it. With
    `key_confirmed` its console vouches for the key that it shows.
    """

    standing: Standing
    doors: Sequence[Door]
    host: str | None
    ssh_closed: str | None
    key_confirmed: bool = False


def playbooks(situation: Situation) -> tuple[Playbook, ...]:
    """All three."""
    ways = _Ways(situation)
    return (
        Playbook("configuration", "the configuration broke the system", tuple(ways.configuration())),
        Playbook("access", "nobody can log in any more", tuple(ways.access())),
        Playbook("store", "the Nix store is damaged", tuple(ways.store())),
    )


class _Ways:
    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._instance = situation.standing.instance
        self._doors: Mapping[str, Door] = {door.name: door for door in situation.doors}
        self._host = quote(situation.host or "HOST")
        self._region = f"--region {self._instance.region}{by_profile(self._instance.login)}"

    def configuration(self) -> Iterator[Step]:
        yield self._rollback("go back to the generation before, under the guard")
        yield self._by_agent("the same by its SSM agent", f"rollback {self._host}")
        yield self._reboot("reboot: what was only tested, or switched live and not committed, is gone")
        yield self._console("see on its console what hangs")
        menu = self._door(
            "choose an older generation in the boot menu, if it is shown there while it reboots",
            "serial console",
            doubts=False,
        )
        yield menu
        yield from self._anew()

    def access(self) -> Iterator[Step]:
        yield self._trust()
        yield self._by_agent("see how it is, by its SSM agent", f"status {self._host}")
        yield self._by_agent(
            "go back, by its SSM agent, to what ran when logins worked", f"rollback {self._host} --to @2h"
        )
        yield self._door("a shell without SSH", "Session Manager")
        yield self._door("a key for 60 seconds", "EC2 Instance Connect")
        yield self._door("by another host of its network", "bastion")
        yield self._door("log in on the serial console", "serial console")
        yield from self._anew()

    def store(self) -> Iterator[Step]:
        yield self._by_ssh("find out which paths are damaged", f"nixtui store verify {self._host}")
        yield self._by_agent("the same by its SSM agent", f"store verify {self._host}")
        yield self._by_ssh("fetch or build them again", f"nixtui store verify {self._host} --repair")
        yield self._by_agent("the same by its SSM agent", f"store verify {self._host} --repair")
        yield self._rollback("go to a generation that is whole")
        yield self._reboot("reboot, where files of the store are held or the disk came back read-only")
        yield from self._anew()

    def _anew(self) -> Iterator[Step]:
        standing, instance = self._situation.standing, self._instance
        group, drift = standing.group, standing.drift
        old = f"; {drift}" if drift else ""
        yield Step(
            "have its group replace it",
            f"nixtui instance terminate {instance.identity} {self._region}",
            None if group else "it is in no auto scaling group: nothing would replace it",
            f"its disks, and all that is only there{old}",
            Deed.TERMINATE,
        )
        image = instance.image if standing.image is not None else None
        yield Step(
            "start another one from its image, beside it",
            f"nixtui instance launch {image or 'AMI'} --name {quote(instance.name + '-new')} "
            f"--type {instance.kind or 'TYPE'} {self._region}",
            None if image else f"its image {instance.image or ''} is not registered any more: choose another AMI",
            deed=Deed.LAUNCH,
        )

    def _rollback(self, words: str) -> Step:
        return replace(self._by_ssh(words, f"nixtui rollback {self._host}"), deed=Deed.ROLLBACK)

    def _by_ssh(self, words: str, command: str) -> Step:
        return Step(words, command, self._no_host() or self._situation.ssh_closed)

    def _by_agent(self, words: str, command: str) -> Step:
        return Step(words, f"nixtui --via ssm {command}", self._no_host() or self._doors["Run Command"].closed)

    def _no_host(self) -> str | None:
        return None if self._situation.host else "it is no host of this fleet: name it in nixtui.toml, or see [ec2]"

    def _trust(self) -> Step:
        closed = self._no_host() or (
            None if self._situation.key_confirmed else "no host key is in question that its console confirms"
        )
        return Step("accept the host key that its console shows as well", f"nixtui instance trust {self._host}", closed)

    def _reboot(self, words: str) -> Step:
        state = self._instance.state
        closed = None if state == "running" else f"the instance is {state}"
        command = f"nixtui instance reboot {self._instance.identity} {self._region}"
        return Step(words, command, closed, deed=Deed.REBOOT)

    def _console(self, words: str) -> Step:
        return self._door(words, CONSOLE_OUTPUT)

    def _door(self, words: str, name: str, *, doubts: bool = True) -> Step:
        door = self._doors[name]
        told = f"{words} ({door.doubt})" if door.doubt and doubts else words
        word = next((word for word, opened in OPENED.items() if opened == name), None)
        deed = Deed.CONSOLE if name == CONSOLE_OUTPUT else Deed.DOOR
        return Step(told, door.words, door.closed, deed=deed, door=word)
