"""The console of an instance, as EC2 has it: read, searched and asked for again, on top of the Instances view."""

from textual.app import ComposeResult

from nixtui.aws.console_output import KEPT, ConsoleOutput
from nixtui.instances.console_story import as_of, why_empty
from nixtui.instances.standing import Standing
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.notices import sentence
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.place import Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.prompt import Question
from nixtui.tui.widgets.text_pane import TextPane


class ConsoleScreen(Place):
    """One instance. What is known stays on the screen while EC2 is asked again."""

    scopes = (Scope.CONSOLE, Scope.LISTS, Scope.EVERYWHERE)
    here = "images"
    AUTO_FOCUS = ""  # nothing here has the keyboard; the line that one types in would take it

    def __init__(self, session: Session, standing: Standing) -> None:
        super().__init__(session)
        self._standing = standing
        self._pane = TextPane(id="console")
        self._output: ConsoleOutput | None = None
        self._problem: str | None = None
        self._asking = False

    def body(self) -> ComposeResult:
        """The text, from its end."""
        yield self._pane

    @property
    def pane(self) -> TextPane:
        """The text."""
        return self._pane

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Whose it is."""
        return (f"Console of {clean(self._standing.instance.name)}",)

    def selection(self) -> Selection:
        """There is something to search and copy once there is text."""
        return Selection(row="console" if self._output is not None and self._output.lines else None)

    # Asking

    def on_mount(self) -> None:
        """Ask at once; the screen is there before EC2 has answered."""
        self.ask_again()

    def ask_again(self) -> None:
        """What the instance has written meanwhile."""
        self._asking = True
        self.call_after_refresh(self.show)
        self.in_background(self._ask, group="console", doing="Asking EC2 for the console")

    async def _ask(self) -> None:
        try:
            output = await self.session.cockpit.instances.console(self._standing)
        except Exception as error:
            self._problem = sentence(error)
        else:
            self._problem = None
            if self._output is None or output.lines != self._output.lines:
                self._pane.show(output.lines, self._why_empty(output))
            self._output = output
        finally:
            self._asking = False
        self.show()

    # Showing

    def on_resize(self) -> None:
        """The title is as long as the frame is wide."""
        super().on_resize()
        self.call_after_refresh(self.show)

    def on_screen_resume(self) -> None:
        """As it was left."""
        super().on_screen_resume()
        self.call_after_refresh(self.show)

    def tick(self, now: float) -> None:
        """It gets older."""
        self._show_title()
        super().tick(now)

    def show(self) -> None:
        """Title and footer, and what stands where there is no text."""
        if not self.is_mounted:
            return
        if self._output is None or not self._output.lines:
            self._pane.show((), self._why_empty(self._output))
        self._show_title()
        self.refresh_frame()

    def _show_title(self) -> None:
        instance = self._standing.instance
        left = line((clean(instance.name), Role.STRONG), (f"  {clean(instance.identity)}", Role.MUTED))
        self._pane.set_title(left, self._right_title())

    def _right_title(self) -> Line:
        if self._asking:
            return line(("asking EC2 …", Role.ACCENT))
        if self._problem is not None and self._output is not None:
            return line(("✖ could not be asked again", Role.BAD))
        if self._output is None or not self._output.lines:
            return EMPTY
        told = as_of(self._output, self.session.cockpit.clock())
        return line((told, Role.MUTED if self._output.is_latest else Role.WARN))

    def _why_empty(self, output: ConsoleOutput | None) -> list[Line]:
        cells = max(20, self._pane.cells - 4)
        again = line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))
        if self._problem is not None:
            return [*wrap(f"✖ {self._problem}", cells, Role.BAD), again]
        if output is None:
            return [line(("asking EC2 …", Role.MUTED))]
        why = why_empty(self._standing.instance, self.session.cockpit.clock())
        return [line("EC2 has no output of its console."), *wrap(why, cells, Role.MUTED), again]

    # What keys do

    def move(self, rows: int) -> None:
        """Read on, or back."""
        self._pane.scroll_text(rows)

    def move_pages(self, pages: float) -> None:
        """Read on by a share of a page."""
        self._pane.scroll_text(round(pages * self._pane.page))

    def to_end(self, *, first: bool) -> None:
        """Either end."""
        self._pane.scroll_text(-self._pane.row_count if first else self._pane.row_count)

    def stop_asking(self) -> None:
        """Keys are the screen's again."""
        super().stop_asking()
        self.set_focus(None)

    def search(self) -> None:
        """Find a text as one types."""
        before = self._pane.needle

        def edited(text: str) -> Line:
            found = self._pane.find(text, later=True, anew=True)
            if not text:
                return line(("small letters find capitals, too", Role.FAINT))
            if found is None:
                return line(("nowhere", Role.WARN))
            return line((f"{len(self._pane.hits())} lines", Role.MUTED))

        def left() -> None:
            self._pane.find(before, later=True)
            self.stop_asking()

        self.ask(Question("/ ", before, edited, lambda _: self.stop_asking(), left))

    def find(self, *, later: bool) -> None:
        """The next line with the text, or the one before."""
        if not self._pane.needle:
            self.search()
        else:
            self._pane.find(self._pane.needle, later=later)

    def toggle_wrap(self) -> None:
        """Long lines over several rows, or cut."""
        self._pane.toggle_wrap()

    def move_sideways(self, steps: int) -> None:
        """See the end of long lines."""
        self._pane.move_sideways(steps)

    def copy(self) -> None:
        """All of it, with when it is of."""
        if self._output is not None and self._output.lines:
            instance, told = self._standing.instance, as_of(self._output, self.session.cockpit.clock())
            head = f"Console of {clean(instance.name)} ({instance.identity}), {told}; {KEPT}"
            self.nixtui.copy("\n".join((head, *self._output.lines)), "the console")

    def copy_command(self) -> None:
        """The same without a screen."""
        instance = self._standing.instance
        self.nixtui.copy(f"nixtui instance console {instance.identity} --region {instance.region}", "the command")
