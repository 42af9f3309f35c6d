"""What all screens share: the cockpit, the message history, and how this terminal wants to be treated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nixtui.model.host import Host
from nixtui.operations.plan import Plan, Target
from nixtui.operations.policy import Policy
from nixtui.tui.armed import ArmedHosts
from nixtui.tui.cockpit import Cockpit
from nixtui.tui.exposure import Exposure
from nixtui.tui.knowledge import Knowledge
from nixtui.tui.last_actions import LastActions
from nixtui.tui.notices import Level, Notice, Notices, explain

NOTICE_S = 30.0
"""How long a message that needs no answer stays."""


@dataclass(slots=True)
class Session:
    """One run of the app. `terse` is for a link where every byte is felt: the clock shows minutes.

    `keymap` has a user's own keys by action id. `notice` is the one that is shown, on
    whichever screen; `told` is called when it changes. `histories` has what was typed, by what was asked;
    `actions` what was done to each host last; `exposure` is what is shown of secrets, `unsaved`
    what would be lost by leaving now, by name.
    """

    cockpit: Cockpit
    terse: bool = False
    keymap: Mapping[str, str] = field(default_factory=dict)
    told: Callable[[], None] = lambda: None
    notices: Notices = field(init=False)
    notice: Notice | None = field(init=False, default=None)
    knowledge: Knowledge = field(init=False)
    armed: ArmedHosts = field(init=False)
    histories: dict[str, list[str]] = field(init=False, default_factory=dict)
    actions: LastActions = field(init=False, default_factory=LastActions)
    exposure: Exposure = field(init=False, default_factory=Exposure)
    unsaved: Callable[[], Sequence[str]] = tuple

    def __post_init__(self) -> None:
        self.notices = Notices(self.cockpit.clock)
        self.knowledge = Knowledge(self.cockpit)
        self.armed = ArmedHosts(self.cockpit.operations.begun)

    def say(self, level: Level, text: str, *, remedy: str | None = None, detail: str | None = None) -> None:
        """Tell the person something, now and in the history."""
        self.notice = self.notices.add(level, text, remedy=remedy, detail=detail)
        self.told()

    def dismiss_notice(self) -> None:
        """It was read."""
        self.notice = None
        self.told()

    def expire_notice(self, now: float) -> None:
        """What needs no answer goes by itself; a warning or an error stays until it is sent away."""
        notice = self.notice
        if notice is not None and notice.level in (Level.INFO, Level.DONE) and now - notice.at > NOTICE_S:
            self.dismiss_notice()

    def confess(self, error: BaseException, doing: str) -> None:
        """Tell what went wrong while `doing` something; nothing is swallowed and nothing crashes."""
        sentence, remedy = explain(error)
        self.say(Level.ERROR, f"{doing}: {sentence}", remedy=remedy, detail=full_text(error))

    def key_of(self, action: str, default: str) -> str:
        """The keys an action has, the user's own first."""
        return self.keymap.get(action, default)

    def knows_login(self, ends: float | None, which: str | None) -> None:
        """AWS was asked: when that login ends (Unix seconds), if it does, and which of several it is."""
        self.cockpit.fleet.login_ends = None if ends is None else (ends, which)

    @property
    def environments(self) -> list[str]:
        """The environments that hosts of this fleet are in."""
        return sorted(
            name for name, states in self.cockpit.fleet.counts.environments.items() if name and states.total()
        )

    def hosts(self, names: Iterable[str]) -> list[Host]:
        """The hosts of these names, as far as they are still in the fleet."""
        return [self.cockpit.fleet.host(name) for name in names if name in self.cockpit.fleet]


def full_text(error: BaseException) -> str:
    """An error with everything that led to it, without any variable's value."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return "\n".join(f"{type(each).__name__}: {each}" for each in chain)


def why_unchangeable(policy: Policy, hosts: Iterable[Host]) -> str | None:
    """Why nothing may be changed on these hosts here, asked of the policy as it will be when something is started."""
    targets = tuple(Target(name=host.name, environment=host.environment) for host in hosts)
    return policy.forbids(Plan(kind="any", title="", targets=targets, steps=()))
