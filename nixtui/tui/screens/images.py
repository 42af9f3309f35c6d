"""Images: AMIs over regions, what uses them, and what may be done to them."""

from collections.abc import Callable, Iterator, Sequence

from textual import on

from nixtui.model.image import Catalogue, Image
from nixtui.model.image_drift import ImageDrift
from nixtui.tui import image_acts
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.image_rows import LOG_IN, OWNERS, columns, image_lines, login_words, matches, trouble_lines
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import Level, sentence
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.image_tabs import tabs
from nixtui.tui.screens.marked_list import MarkedList
from nixtui.tui.session import Session
from nixtui.tui.widgets.frame import LOGIN_ENDS_SOON_S
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

RESTS_AFTER_S = 0.4
"""A cursor that rests this long is looked at; one that flies past ten images asks about none."""


class ImagesScreen(MarkedList):
    """Screen 4."""

    scopes = (Scope.IMAGES, Scope.LISTS, Scope.EVERYWHERE)
    here = "images"
    view = "images"
    CSS_PATH = "images.tcss"

    def __init__(self, session: Session) -> None:
        self._images: dict[str, Image] = {}
        self._drifts: dict[str, ImageDrift] = {}
        super().__init__(
            session,
            Table[Image](columns(session.cockpit.clock, self._drifts), self._images.get, id="images"),
            Panel(id="image"),
        )
        self._owner = 0
        self._found: Catalogue | None = None
        self._problem: str | None = None
        self._asking, self._ended = False, 0
        self._comparing = False
        self._uses: dict[str, Sequence[str]] = {}
        self._unknown: dict[str, str] = {}

    @property
    def table(self) -> Table[Image]:
        """The images."""
        return self._table

    @property
    def chosen(self) -> list[Image]:
        """The marked images, or the one under the cursor."""
        return [self._images[key] for key in self.marked_or_cursor(tuple(self._images))]

    # Asking

    def on_mount(self) -> None:
        """Ask at the first look, and not before."""
        self._table.focus()
        self.ask_again()

    def ask_again(self) -> None:
        """Ask all regions now; what is known stays on the screen meanwhile."""
        self._ended = self._count_ended()
        self._asking, self._problem = True, None
        self._uses.clear()
        self._unknown.clear()
        self.in_background(self._ask, group="images", doing="Asking AWS for images")
        self.call_after_refresh(self.show)

    def _count_ended(self) -> int:
        begun = self.session.cockpit.operations.begun()
        return sum(each.plan.kind.startswith("image-") and each.report is not None for each in begun)

    async def _ask(self) -> None:
        owner = self._owner
        try:
            found = await self.session.cockpit.images.catalogue(OWNERS[owner][0])
        except Exception as error:
            self._problem, self._asking = sentence(error), False
        else:
            if owner != self._owner:
                return
            self._found, self._asking = found, False
            self.session.knows_login(found.expires_at, found.ends_first)
            self._images.clear()
            self._images.update({each.key: each for each in found.images})
            self._table.set_columns(columns(self.session.cockpit.clock, self._drifts, of_logins=bool(found.logins)))
            self._marks &= self._images.keys()
            self.in_background(self._glance, group="drift", doing="Comparing images with the flake")
        self.show()

    async def _glance(self) -> None:
        found = await self.session.cockpit.images.drift(list(self._images.values()))
        self._drifts.clear()
        self._drifts.update(found)
        self.show()

    async def _ask_uses(self, image: Image) -> None:
        try:
            self._uses[image.key] = await self.session.cockpit.images.uses(image)
        except Exception as error:
            self._unknown[image.key] = sentence(error)
        self._show_image()

    # Showing

    def on_screen_resume(self) -> None:
        """As it was left."""
        super().on_screen_resume()
        self.call_after_refresh(self.show)

    def tick(self, now: float) -> None:
        """Ages grow. After every operation on images the list is another one."""
        if self._count_ended() > self._ended and not self._asking:
            self.ask_again()
        self._table.redraw()
        super().tick(now)

    def show(self) -> None:
        """The list as it is known."""
        if not self.is_mounted:
            return
        words = self._filter.lower().split()
        order = [key for key, each in self._images.items() if matches(each, words)]
        self._table.set_marks(self._marks)
        self._table.set_empty(self._why_empty())
        self._table.show(tuple(order))
        self._table.redraw()
        self._table.set_title(self._left_title(), *self._right_titles(len(order)))
        self._show_image()
        self.refresh_frame()

    def _left_title(self) -> Line:
        only = f"  {clean(self._filter)}" if self._filter else ""
        marked = f"  {len(self._marks)} marked" if self._marks else ""
        own = line((f"  {OWNERS[self._owner][1]}", Role.TEXT), (only + marked, Role.ACCENT))
        return (*tabs("images"), *own)

    def _right_titles(self, count: int) -> Iterator[Line]:
        """The longest first; where room is short, when the login ends matters more than where was asked."""
        if self._asking:
            yield line(("asking every region …", Role.ACCENT))
        elif self._comparing:
            yield line(("evaluating …", Role.ACCENT))
        if self._asking or self._comparing or self._found is None:
            return
        regions = len(self._found.regions)
        where = self._found.regions[0] if regions == 1 else f"{regions} regions"
        where += f" of {len(self._found.logins)} logins" if self._found.logins else ""
        silent = len(self._found.troubles)
        trouble = line((f"  ✖ {silent} did not tell", Role.BAD)) if silent else EMPTY
        of = f" of {len(self._images)}" if count != len(self._images) else ""
        for place in (f" in {clean(where)}", ""):
            yield line((f"{count}{of}{place}", Role.MUTED)) + trouble + self._login()

    def _login(self) -> Line:
        """How long the login lasts, where it ends; of several the one that ends first, by name."""
        found = self._found
        if found is None or found.expires_at is None:
            return EMPTY
        left = found.expires_at - self.session.cockpit.clock()
        return line((f"  {login_words(left, found.ends_first)}", Role.MUTED if left > LOGIN_ENDS_SOON_S else Role.WARN))

    def _why_empty(self) -> list[Line]:
        cells = max(20, self._table.cells - 4)
        again = line(
            ("ctrl+r", Role.KEY), (" asks again, ", Role.MUTED), ("o", Role.KEY), (" other owners", Role.MUTED)
        )
        if self._problem is not None:
            return [*wrap(f"✖ {self._problem}", cells, Role.BAD), again, LOG_IN]
        if self._found is None or self._asking:
            return [line(("asking AWS …", Role.MUTED))]
        if self._images:
            return [line(f"No image matches {clean(self._filter)}"), line(("esc shows all", Role.MUTED))]
        troubles = trouble_lines(self._found.troubles, cells)
        if not self._found.regions:
            return [line("No login tells of its images."), *troubles, again, LOG_IN]
        told = [line(f"There are no {OWNERS[self._owner][1]} here."), *troubles]
        return [*told, line(("nixtui image upload FILE", Role.KEY), (" makes the first one", Role.MUTED)), again]

    def _show_image(self) -> None:
        image, cells = self._images.get(self._table.cursor or ""), self._panel.text_cells
        self._panel.set_title(line((clean(image.name), Role.STRONG)) if image else EMPTY)
        now = self.session.cockpit.clock()
        told: list[Line] = []
        if image is not None:
            uses, unknown = self._uses.get(image.key), self._unknown.get(image.key)
            told = list(image_lines(image, uses, unknown, self._drifts.get(image.key), now, cells))
        if self._found is not None and self._found.troubles and self._images:
            told += [EMPTY, *trouble_lines(self._found.troubles, cells)]
        self._panel.show(told)

    @on(RowMoved)
    def _moved(self, event: RowMoved) -> None:
        self._panel.scroll_rows_to(0)
        self._show_image()
        self.refresh_frame()
        if event.key is not None:
            self.set_timer(RESTS_AFTER_S, lambda: self._look_at(event.key))

    def _look_at(self, key: str | None) -> None:
        image = self._images.get(key or "")
        if image is None or key != self._table.cursor or key in self._uses:
            return

        async def ask() -> None:
            await self._ask_uses(image)

        self.in_background(ask, group="uses", doing="Asking what uses the image")

    # What keys do

    def selection(self) -> Selection:
        """The marked images, or the one under the cursor; what forbids changes forbids these as well."""
        policy = self.session.cockpit.policy
        forbidden = "nixtui runs read-only" if policy.read_only else None
        return Selection(
            hosts=tuple(each.name for each in self.chosen),
            marked=len(self._marks),
            hidden=len(self._marks.difference(self._table.order)),
            row=self._table.cursor,
            forbidden=forbidden,
        )

    def next_owner(self) -> None:
        """Own images, those of NixOS, those of Determinate Systems."""
        self._owner = (self._owner + 1) % len(OWNERS)
        self._found, self._marks = None, frozenset()
        self._images.clear()
        self.ask_again()

    def copy(self) -> None:
        """The ids of the images."""
        chosen = self.chosen
        what = "the image's id" if len(chosen) == 1 else f"{len(chosen)} ids"
        self.nixtui.copy("\n".join(each.identity for each in chosen), what)

    def copy_command(self) -> None:
        """What lists them without a screen."""
        owner = OWNERS[self._owner][0]
        words = ["nixtui image list", *(["--owner", owner] if owner != "self" else [])]
        self.nixtui.copy(" ".join(words), "the command")

    def compare(self) -> None:
        """Evaluate what the flake gives now for the marked images, or the one under the cursor."""
        chosen = self.chosen

        async def ask() -> None:
            try:
                found = await self.session.cockpit.images.drift(chosen, exactly=True)
                self._drifts.update(found)
            finally:
                self._comparing = False
                self.show()
            if len(chosen) == 1 and found:
                self.session.say(Level.INFO, f"{chosen[0].name}: {found[chosen[0].key].sentence}")
            elif not found:
                self.session.say(Level.WARNING, "There is no flake here to compare with; name one in [fleet] flake.")

        self._comparing = True
        self.in_background(ask, group="compare", doing="Evaluating what the flake gives now")
        self.show()

    def copy_to_regions(self) -> None:
        """One image at a time."""
        self._for_one(image_acts.copy_to_regions)

    def share(self) -> None:
        """One image at a time."""
        self._for_one(image_acts.share)

    def _for_one(self, act: "Callable[[ImagesScreen], None]") -> None:
        if len(self.chosen) == 1:
            act(self)
        else:
            self.session.say(Level.WARNING, "This is done for one image at a time; esc takes the marks away.")
