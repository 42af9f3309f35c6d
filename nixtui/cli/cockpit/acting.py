"""Acting on hosts, for the app: the real thing behind `nixtui.tui.cockpit.acting.Acting`."""

from collections.abc import Callable, Sequence

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.cli.assembly import Assembly
from nixtui.fleet.state import FleetState
from nixtui.model.host import Host
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.upkeep.command import from_line, prepare_run


class LiveActing:
    """`keep` remembers what was prepared until somebody says yes; `let_go` ends the tasks of running operations,
    and `refresh` has hosts asked now.
    """

    def __init__(
        self,
        nixtui: Assembly,
        fleet: FleetState,
        keep: Callable[[Prepared], Plan],
        let_go: Callable[[], None],
        refresh: Callable[[Sequence[str]], None],
    ) -> None:
        self._nixtui = nixtui
        self._fleet = fleet
        self._keep = keep
        self._let_go = let_go
        self._refresh = refresh

    def plan_run(self, names: Sequence[str], text: str) -> Plan:
        """Nobody has to be asked."""
        nixtui = self._nixtui
        return self._keep(prepare_run(self._hosts(names), from_line(text), nixtui.reach, nixtui.new_identity()))

    async def plan_reboot(self, names: Sequence[str]) -> Plan:
        """Each host is asked what it would boot."""
        return self._keep(await self._nixtui.prepare_reboot(self._hosts(names)))

    def plan_break_lock(self, names: Sequence[str]) -> Plan:
        """Nobody has to be asked; the host says what became of it."""
        hosts, nixtui = self._hosts(names), self._nixtui
        job = break_lock_job(hosts, nixtui.reach, nixtui.operator)
        return self._keep(Prepared(nixtui.new_identity(), plan_break_lock(hosts), job))

    async def shell_words(self, name: str) -> Sequence[str]:
        """Raises `NoShell` and `Unreachable`."""
        from nixtui.remote.shell import find_ssh

        find_ssh(self._nixtui.surroundings.environ)
        return await self._nixtui.ssh_words(self._fleet.host(name))

    async def shell(self, words: Sequence[str]) -> int:
        """The event loop goes on meanwhile."""
        from nixtui.remote.shell import in_foreground

        return await in_foreground(words, self._nixtui.surroundings.environ)

    def go_by_agent(self, name: str) -> str:
        """The live view goes the same way at once."""
        host, by_agent = self._fleet.host(name), self._nixtui.by_agent
        if host.instance is None:
            return f"{name} is no instance of EC2 as far as it is known, so no SSM agent can be asked."
        by_agent ^= {name}
        self._nixtui.ec2.leave(host)
        self._refresh([name])
        if name in by_agent:
            return f"{name} is reached by its SSM agent from now on, as root; AWS keeps what is said for 30 days."
        return f"{name} is reached by SSH again."

    def detach(self) -> None:
        """Their records stay open in the journal, so that the next start asks the hosts."""
        self._let_go()

    def _hosts(self, names: Sequence[str]) -> list[Host]:
        return [self._fleet.host(name) for name in names]
