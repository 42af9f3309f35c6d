"""What an instance is launched with: a form, with what the region has to choose from."""

from collections.abc import Callable, Sequence
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from nixtui.instances.offers import LaunchWish, Offer, Offers
from nixtui.model.naming import refuse_name
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.field import field
from nixtui.tui.widgets.lines import Lines

_OFFERED = 6
"""Lines of what there is to choose from."""

_REST = 20
"""Lines that the dialog takes beside them."""

_FIELDS = (
    ("name", "its name tag, and so the host's name"),
    ("type", "the instance type"),
    ("subnet", "empty: one of the default VPC"),
    ("groups", "security groups; empty: the VPC's default"),
    ("key", "key pair; empty: none"),
    ("profile", "instance profile; Session Manager needs one"),
    ("userdata", "a file: a script, or a NixOS expression; empty: none"),
)
_LABELS = {"groups": "security", "key": "key pair", "userdata": "user data"}


_KEYS = line(
    ("enter", Role.KEY), (" next  ", Role.MUTED), ("↑↓", Role.KEY), (" choose  ", Role.MUTED),
    ("esc", Role.KEY), (" leave", Role.MUTED),
)  # fmt: skip


class LaunchDialog(Dialog[LaunchWish]):
    """Answers with what is wished; the plan comes after. Enter goes on, arrows choose from what there is."""

    CSS_PATH = "launching.tcss"

    def __init__(self, session: Session, wish: LaunchWish) -> None:
        super().__init__(session)
        self._wish = wish
        given = (
            wish.name, wish.kind, wish.subnet, " ".join(wish.security_groups), wish.key_pair, wish.profile,
            wish.user_data,
        )  # fmt: skip
        self._fields = {name: field(f"launch-{name}") for name, _ in _FIELDS}
        for each, text in zip(self._fields.values(), given, strict=True):
            each.value = text
        self._offers: Offers | None = None
        self._at: int | None = None
        self._given: str | None = None
        self._below = Lines(id="launch-offers")
        self._go = Choice("Show the plan", id="go", why_not="it has no name yet")

    def compose(self) -> ComposeResult:
        """The fields, what there is for the one that is typed in, and the choices."""
        image = self._wish.image
        with Vertical(classes="dialog launching") as frame:
            frame.border_title = Content(clean(f"Launch from {image.name}"))
            for name, _ in _FIELDS:
                with Horizontal(classes="launch-row"):
                    yield Lines([line((_LABELS.get(name, name).ljust(10), Role.MUTED))], classes="launch-label")
                    yield self._fields[name]
            yield self._below
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield self._go

    def on_resize(self) -> None:
        """There is more room, or less."""
        self.show()

    def on_mount(self) -> None:
        """The first field has the keyboard; what the region has comes when it comes."""
        self._fields["name"].focus()
        begun: Callable[[], Any] = self._ask
        self.run_worker(begun, group="offers", exit_on_error=False)
        self.show()

    async def _ask(self) -> None:
        self._offers = await self.session.cockpit.instances.offers(self._wish.image)
        self.show()

    # What there is

    @property
    def _here(self) -> str | None:
        return next((name for name, each in self._fields.items() if each is self.focused), None)

    def _every(self) -> Sequence[Offer]:
        """What the region has for the field with the keyboard."""
        found, name = self._offers, self._here
        if found is None or name is None:
            return ()
        every = {"type": found.kinds, "subnet": found.subnets, "groups": found.security_groups, "key": found.key_pairs}
        return every.get(name, ())

    def _offered(self) -> Sequence[Offer]:
        """What fits what is typed into the field with the keyboard; all there is until something is."""
        name, offered = self._here, self._every()
        if name is None:
            return ()
        text = self._fields[name].value
        if text == self._given:
            return offered
        last = text.split(" ")[-1].lower()
        return [each for each in offered if last in f"{each.identity} {each.about}".lower()]

    def show(self) -> None:
        """What there is, and what stands against going on."""
        if not self.is_mounted:
            return
        name = self._here
        self._go.tell("Show the plan", self._why_not())
        told = [line((dict(_FIELDS).get(name or "", ""), Role.MUTED))]
        if name in ("type", "subnet", "groups", "key"):
            told += self._offer_lines()
        why_not = self._why_not()
        blank = [EMPTY] * (self._rows + 1 - len(told))
        self._below.show([EMPTY, *told, *blank, line((f"✖ {why_not}", Role.WARN)) if why_not else EMPTY, EMPTY, _KEYS])

    @property
    def _rows(self) -> int:
        """Lines for what there is: the choices below have to be seen as well."""
        return max(2, min(_OFFERED, self.size.height - _REST))

    def _offer_lines(self) -> list[Line]:
        if self._offers is None:
            return [line(("asking what there is …", Role.ACCENT))]
        offered = self._offered()
        if not offered:
            told = "nothing that is known is like that" if self._every() else "what there is may not be asked; type it"
            return [line((told, Role.FAINT))]
        rows = self._rows
        first = min(max(0, (self._at or 0) - rows // 2), max(0, len(offered) - rows))
        lines = []
        for number, each in enumerate(offered[first : first + rows], first):
            at = number == self._at
            lines.append(
                line(
                    ("▸ " if at else "  ", Role.ACCENT),
                    (clean(each.identity).ljust(22), Role.STRONG if at else Role.TEXT),
                    (clean(each.about), Role.MUTED),
                )
            )
        return lines

    def _why_not(self) -> str | None:
        name, kind = self._fields["name"].value.strip(), self._fields["type"].value.strip()
        if not name:
            return "it has no name yet"
        if reason := refuse_name(name):
            return f"the name {reason}"
        return None if kind else "it has no type yet"

    # What keys do

    @on(Input.Changed)
    def _changed(self) -> None:
        self._at = None
        self.show()

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        self._at, here = None, self._here
        self._given = self._fields[here].value if here is not None else None
        self.show()

    def on_key(self, event: events.Key) -> None:
        """Arrows choose from what there is while the keyboard is in a field."""
        step = {"down": 1, "up": -1}.get(event.key)
        offered = self._offered() if step is not None else ()
        if step is None or not offered or self._here is None:
            return
        event.prevent_default().stop()
        self._at = (0 if step > 0 else len(offered) - 1) if self._at is None else (self._at + step) % len(offered)
        self.show()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        offered = self._offered()
        if self._at is not None and self._at < len(offered):
            before = event.input.value.split(" ")[:-1] if event.input.id == "launch-groups" else []
            event.input.value = " ".join([*before, offered[self._at].identity])
            event.input.cursor_position = len(event.input.value)
        if self._here == _FIELDS[-1][0]:
            self._go.focus()  # it changes nothing yet
        else:
            self.focus_next()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        if event.choice != "go":
            self.dismiss(None)
        elif self._why_not() is None:
            self.dismiss(self._wished())

    def _wished(self) -> LaunchWish:
        given = {name: each.value.strip() for name, each in self._fields.items()}
        return LaunchWish(
            image=self._wish.image,
            name=given["name"],
            kind=given["type"],
            subnet=given["subnet"],
            security_groups=tuple(given["groups"].split()),
            key_pair=given["key"],
            profile=given["profile"],
            user_data=given["userdata"],
        )
