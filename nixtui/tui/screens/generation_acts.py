"""What keys do to generations: every one proposes a plan, and none acts by itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from nixtui.model.generation import Generation
from nixtui.model.retention import BadRetention, Retention, doomed, parse_retention, protected
from nixtui.operations.plan import Plan
from nixtui.tui import opening
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.screens.confirming import PlanQuestion
from nixtui.tui.screens.place import Place
from nixtui.tui.widgets.diff_pane import DiffPane
from nixtui.tui.widgets.prompt import Question, trouble

_BEFORE_S = 60.0
"""A unit says the most interesting things while it stops, just before a switch counts as made."""


class GenerationActs(Place):
    """Mixed into the screen, which says what is chosen."""

    hosts: Sequence[str]
    side_by_side: bool
    _diff: DiffPane

    @property
    def host(self) -> str | None:
        """The host that is shown."""
        raise NotImplementedError

    @property
    def chosen(self) -> Generation | None:
        """The generation under the cursor."""
        raise NotImplementedError

    @property
    def row_generations(self) -> Mapping[str, Generation]:
        """A generation of every host that the row under the cursor is about."""
        raise NotImplementedError

    def roll_back(self) -> None:
        """Propose to go to the selected generation, on every host of the row."""
        self._go("switch")

    def boot_only(self) -> None:
        """Propose that the selected generation boots next."""
        self._go("boot")

    def test_only(self) -> None:
        """Propose to run the selected generation until the next reboot."""
        self._go("test")

    def _go(self, action: str) -> None:
        targets = {name: str(each.number) for name, each in self.row_generations.items()}
        opening.rollback_each(self.nixtui, targets, action)

    def choose_target(self) -> None:
        """Ask where to go: the host, or all hosts that are shown."""
        names = self.hosts if self.side_by_side else ((self.host,) if self.host else ())
        chosen = next(iter(self.row_generations.values()), None)
        revision = chosen.configuration_revision if chosen is not None and self.side_by_side else None
        opening.target(self, tuple(names), f"rev:{revision[:12]}" if revision else "")

    def undo(self) -> None:
        """Propose to go back to what ran before the last operation."""
        self.in_background(self._propose_undo, group="undo", doing=f"Undo on {self.host}")

    async def _propose_undo(self) -> None:
        name = self.host or ""
        found = await self.session.cockpit.profiles.way_back(name)
        self.session.say(Level.INFO, f"Back to {clean(found.target)}: {clean(found.why)}.")
        opening.rollback(self.nixtui, (name,), found.target)

    def toggle_pin(self) -> None:
        """Propose to keep the selected system, or to keep it no longer."""
        host, chosen = self.host, self.chosen
        if host is None or chosen is None:
            return
        remove, number = chosen.pinned, chosen.number
        profiles = self.session.cockpit.profiles
        question = PlanQuestion(
            heading=f"{'Unpin' if remove else 'Pin'} {number} on {clean(host)}",
            verb="Unpin" if remove else "Pin",
            prepare=lambda: profiles.plan_pin(host, str(number), remove=remove),
            command=("nixtui", "pin", host, str(number), *(("--remove",) if remove else ())),
        )
        opening.plan(self.nixtui, (host,), question)

    def delete_old(self) -> None:
        """Ask how many to keep, then propose what would go."""
        names = tuple(self.hosts) if self.side_by_side else ((self.host,) if self.host else ())
        label = clean(names[0]) if len(names) == 1 else f"{len(names)} hosts"

        def edited(text: str) -> Line:
            return self._what_goes(names, text)

        def submitted(text: str) -> None:
            self.stop_asking()
            try:
                rule = parse_retention(text)
            except BadRetention as error:
                if text.strip():
                    self.session.say(Level.WARNING, f"Nothing is deleted: {error}")
                return
            self._propose_deletion(names, label, rule)

        self.ask(Question(f"delete old generations of {label}, keep ", "", edited, submitted, self.stop_asking))

    def _what_goes(self, names: tuple[str, ...], text: str) -> Line:
        try:
            rule = parse_retention(text)
        except BadRetention as error:
            return trouble(str(error)) if text.strip() else line(("5, or older than 30d, or both: 5 30d", Role.FAINT))
        known = [each for name in names if (each := self.session.knowledge.known_generations(name)) is not None]
        count = sum(len(doomed(each, rule)) for each in known)
        kept = sum(len(protected(each)) for each in known)
        return line((f"{count} go", Role.WARN if count else Role.MUTED), (f", {kept} never would", Role.MUTED))

    def _propose_deletion(self, names: tuple[str, ...], label: str, rule: Retention) -> None:
        profiles = self.session.cockpit.profiles
        prepare: Callable[[], Awaitable[Plan]] = lambda: profiles.plan_deletion(names, rule)  # noqa: E731 - typed
        words = ["nixtui", "delete-generations", *names]
        words += ["--keep", str(rule.keep)] if rule.keep is not None else []
        words += ["--older-than", f"{rule.older_than:.0f}s"] if rule.older_than is not None else []
        question = PlanQuestion(
            heading=f"Delete old generations of {label}",
            verb="Delete",
            prepare=prepare,
            asking="asking what they take",
            command=words,
        )
        opening.plan(self.nixtui, names, question)

    def unit_logs(self) -> None:
        """The journal of the units that differ between the two systems that are compared."""
        ends, chosen = self._diff.ends, self.chosen
        if ends is None or chosen is None or ends[0].path == ends[1].path:
            self.session.say(
                Level.INFO, "Choose another generation than the one that runs: its units are the question."
            )
            return
        systems = self.session.knowledge.known_systems(ends[0].path, ends[1].path)
        if systems is None or systems.units is None:
            self.session.say(Level.INFO, "Which units differ is not known yet.")
            return
        if not systems.units.names:
            self.session.say(Level.INFO, "No unit differs between these two.")
            return
        known = self.session.knowledge.known_generations(ends[1].host)
        made = [each.created_at for end in ends if known and (each := _with_path(known.items, end.path)) is not None]
        since = max((at for at in made if at is not None), default=None)
        opening.unit_logs(self.nixtui, ends[1].host, systems.units.names, None if since is None else since - _BEFORE_S)


def _with_path(items: tuple[Generation, ...], path: str) -> Generation | None:
    return next((each for each in items if each.path == path), None)
