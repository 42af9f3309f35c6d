"""Secrets of the demo, with its hosts: who comes, who goes, and everything else in one go."""

from pathlib import Path

from textual.pilot import Pilot

from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.secret_history import SecretHistoryScreen
from nixtui.tui.screens.secret_merge import SecretMergeScreen
from nixtui.tui.screens.secrets import SecretsScreen
from nixtui.tui.screens.secrets_on_hosts import SecretsOnHostsScreen, standings
from tests.demo.seal import public
from tests.tui.embedded import embedded
from tests.tui.screen import line_with, press, until, until_shown, write
from tests.tui.secrets_here import confirm, go_to


async def opened(app: NixtuiApp, pilot: Pilot[None]) -> SecretsScreen:
    await press(pilot, "5")
    await until(pilot, lambda: isinstance(app.screen, SecretsScreen) and app.screen.found, "the secrets")
    screen = app.screen
    assert isinstance(screen, SecretsScreen)
    return screen


async def test_somebody_goes_and_what_they_knew_is_told() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await opened(app, pilot)
        await go_to(pilot, screen, "secrets/db.yaml")
        await press(pilot, "O")
        await until_shown(pilot, "yuki  reads 1 files")
        await write(pilot, "yuki")
        await press(pilot, "enter")
        await until_shown(pilot, "yuki keeps whatever was read, and old clones")
        await until_shown(pilot, "postgres/superuser")
        await confirm(pilot, "yuki reads no longer")
        await until(pilot, lambda: not screen._rows["secrets/db.yaml"].is_problem, "as its rule")
        assert public("yuki") not in (fleet.directory / "infra/secrets/db.yaml").read_text()
        await press(pilot, "tab")
        assert "yuki" not in line_with(app, "FILE")


async def test_a_host_is_let_in_by_its_own_key() -> None:
    async with embedded("web-1", "app-1") as (app, pilot, fleet):
        screen = await opened(app, pilot)
        await go_to(pilot, screen, "secrets/web.yaml")
        await press(pilot, "A")
        await until_shown(pilot, "Who else may read secrets/web.yaml?")
        await write(pilot, "app-1")
        await press(pilot, "enter")
        await confirm(pilot, "Let app-1 read secrets/web.yaml")
        await until(pilot, lambda: "app-1" in (fleet.directory / "infra/.sops.yaml").read_text(), "the rule")
        await until_shown(pilot, "web-1, web-2, app-1")
        await press(pilot, "tab")
        assert "●" in line_with(app, "secrets/web.yaml")


async def test_what_hosts_have_says_why_it_is_not_known() -> None:
    async with embedded("web-1", environ={"PATH": str(Path("/nowhere"))}) as (app, pilot, _):
        await opened(app, pilot)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(app.screen, SecretsOnHostsScreen))
        await until_shown(pilot, "✖ there is no nix command")
        await press(pilot, "y")
        assert app.clipboard == "nixtui secrets verify --host all"
        await press(pilot, "z")
        await until_shown(pilot, "only problems")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, SecretsScreen))


async def test_history_and_merge_work_in_the_demo() -> None:
    async with embedded("web-1") as (app, pilot, _):
        screen = await opened(app, pilot)
        await go_to(pilot, screen, "secrets/web.yaml", "db/password")
        await press(pilot, "h")
        await until(pilot, lambda: isinstance(app.screen, SecretHistoryScreen))
        await until_shown(pilot, "~ db/password  changed  str short → str medium")
        await press(pilot, "escape", "left")
        await go_to(pilot, screen, "secrets/mail.yaml")
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(app.screen, SecretMergeScreen))
        await press(pilot, "o", "t", "ctrl+s")
        await confirm(pilot, "Merge secrets/mail.yaml")
        await until(pilot, lambda: screen._rows["secrets/mail.yaml"].file.problem is None, "merged")
        await until(pilot, lambda: app.screen is screen)


async def test_from_a_host_to_the_files_that_it_reads() -> None:
    async with embedded("web-1") as (app, pilot, _):
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(app.screen, SecretsScreen) and app.screen.found, "the secrets")
        screen = app.screen
        assert isinstance(screen, SecretsScreen)
        await until(pilot, lambda: screen._files.order == ("secrets/web.yaml",))
        await press(pilot, "escape")
        await until(pilot, lambda: len(screen._files.order) == 7)


def test_rows_of_a_host_that_declares_none_or_was_not_reached() -> None:
    from nixtui.secrets.declared import Lack
    from nixtui.secrets.proof import Proof, Proofs, Standing
    from nixtui.secrets.standing import HostSecretsSeen

    assert [each.state for each in standings("a", HostSecretsSeen())] == ["declares none"]
    (row,) = standings("a", HostSecretsSeen(problem="no route"))
    assert (row.state, row.is_well, row.detail) == ("not reached", None, "no route")
    proofs = Proofs(
        (
            Proof("db", "/run/secrets/db", "web.yaml", Standing.PROVEN),
            Proof("tls", "/run/secrets/tls", "web.yaml", Standing.MISSING, "not there"),
        ),
        {},
    )
    found = standings("a", HostSecretsSeen((Lack("db", "db is not in the file", "set it"),), proofs))
    assert [(each.secret, each.state, each.is_well) for each in found] == [
        ("db", "cannot be deployed", False), ("tls", "missing on the host", False),
    ]  # fmt: skip
