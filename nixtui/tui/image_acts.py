"""What one can do about machine images: each a question, then a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nixtui.tui import opening
from nixtui.tui.notices import Level
from nixtui.tui.paint import Role, clean, line
from nixtui.tui.widgets.prompt import Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from nixtui.aws.instances import Instance
    from nixtui.instances.standing import Group
    from nixtui.model.image import Image
    from nixtui.operations.plan import Plan
    from nixtui.tui.screens.images import ImagesScreen


def create(on: ImagesScreen) -> None:
    """The command is typed as in a shell; Enter evaluates, and shows the plan."""
    opening.command(on, "image create ")


def launch(on: ImagesScreen) -> None:
    """Ask what an instance of it is to have, then propose it; one image at a time."""
    from nixtui.tui import instance_acts

    if len(on.chosen) == 1:
        instance_acts.launch(on, on.chosen[0])
    else:
        on.session.say(Level.WARNING, "One image is launched at a time; esc takes the marks away.")


def copy_to_regions(on: ImagesScreen) -> None:
    """Ask where to, then propose it."""
    image, images = on.chosen[0], on.session.cockpit.images

    def submitted(text: str) -> None:
        command = ["nixtui", "image", "copy", image.identity, *where(image), "--to", *text.split()]
        _propose(on, "Copy", "Copy", [image], lambda: images.plan_copy(image, text.split()), command, "REGION")

    _ask(on, f"copy {clean(image.name)} to regions ", "eu-west-1 us-east-1", submitted)


def share(on: ImagesScreen) -> None:
    """Ask with whom, then propose it."""
    image, images = on.chosen[0], on.session.cockpit.images

    def submitted(text: str) -> None:
        options = [part for each in text.split() for part in _whom(each)]
        command = ["nixtui", "image", "share", image.identity, *where(image), *options]
        _propose(on, "Share", "Share", [image], lambda: images.plan_share(image, text.split()), command)

    _ask(on, f"share {clean(image.name)} with ", "accounts (twelve digits), organisations (ARN), public", submitted)


def _whom(text: str) -> tuple[str, ...]:
    if text == "public":
        return ("--public",)
    return ("--organisation" if text.startswith("arn:") else "--account", text)


def deprecate(on: ImagesScreen) -> None:
    """Ask when, then propose it."""
    chosen, images = on.chosen, on.session.cockpit.images

    def submitted(text: str) -> None:
        command = _command("deprecate", chosen, "--after", text)
        _propose(on, "Deprecate", "Deprecate", chosen, lambda: images.plan_deprecate(chosen, text), command)

    _ask(on, f"deprecate {_names(chosen)} in ", "90d, 2w", submitted)


def retire(on: ImagesScreen) -> None:
    """Propose to deregister them, with what would break."""
    chosen, images = on.chosen, on.session.cockpit.images
    command = _command("retire", chosen)
    _propose(on, "Retire", "Retire", chosen, lambda: images.plan_retire(chosen), command)


def _change(plan: Plan, name: str) -> Sequence[str]:
    """`private → public`, with what to know about it."""
    row = next((each for each in plan.targets if each.name == name or len(plan.targets) == 1), None)
    return () if row is None or row.refused is not None else (f"{row.before} → {row.after}",)


def _names(chosen: Sequence[Image]) -> str:
    return clean(chosen[0].name) if len(chosen) == 1 else f"{len(chosen)} images"


def _command(word: str, chosen: Sequence[Image], *options: str) -> Sequence[str]:
    """The same without a screen, where all are of one login and in one region."""
    places = {tuple(where(each)) for each in chosen}
    identities = [each.identity for each in chosen]
    return ["nixtui", "image", word, *identities, *places.pop(), *options] if len(places) == 1 else []


def where(row: Image | Instance | Group) -> Sequence[str]:
    """What a command says so that it means this one: its region, and its login where that has a name."""
    return ["--region", row.region, *(["--profile", row.login] if row.login else [])]


def _ask(on: ImagesScreen, label: str, hint: str, submitted: Callable[[str], None]) -> None:
    def entered(text: str) -> None:
        on.stop_asking()
        if text.strip():
            submitted(text.strip())

    on.ask(Question(label, "", lambda _: line((hint, Role.FAINT)), entered, on.stop_asking, kept_as="images"))


def _propose(
    on: ImagesScreen,
    word: str,
    verb: str,
    chosen: Sequence[Image],
    prepare: Callable[[], Awaitable[Plan]],
    command: Sequence[str],
    subject: str = "IMAGE",
) -> None:
    from nixtui.tui.screens.confirming import PlanQuestion

    question = PlanQuestion(
        f"{word} {_names(chosen)}",
        verb,
        prepare,
        asking="asking AWS",
        command=command,
        known=_change,
        of_many=f"{verb} ({{}})",
        subject=subject,
    )
    opening.plan(on.nixtui, [each.name for each in chosen], question)
