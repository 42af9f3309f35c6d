"""The app on the embedded fleet: real hosts over real SSH, the live cockpit, keys and a screen of a known size."""

import os
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import tomli_w
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.demo import DemoFleet, demo_fleet
from nixtui.demo.story import CAST
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from tests.tui.screen import until


@asynccontextmanager
async def embedded(
    *names: str,
    size: tuple[int, int] = (120, 40),
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    read_only: bool = False,
    environ: Mapping[str, str] | None = None,
    pace: float = 1.0,
    follows_ec2: bool = False,
    **options: Any,
) -> AsyncIterator[tuple[NixtuiApp, Pilot[None], DemoFleet]]:
    """The app on these hosts of the demo (on all, when none is named), once its first screen is there.

    `overrides` go into the fleet's `nixtui.toml`, table by table: `{"environments": {"prod": {"confirm": "key"}}}`.
    Builds take `pace` times as long as a person sees them. EC2 is asked about the hosts with `follows_ec2` only: its
    beginning takes seconds. `environ` goes on top of the process's own, `options` to `NixtuiApp`. The cockpit is
    `app.session.cockpit`.
    """
    cast = [who for who in CAST if not names or who.name in names]
    assert not names or len(cast) == len(set(names)), f"the demo has no {set(names) - {who.name for who in cast}}"
    failure: Exception | None = None
    async with demo_fleet(seed=seed, cast=cast, pace=pace, follows_ec2=follows_ec2) as fleet:
        override(fleet.config_path, overrides or {})
        surroundings = Surroundings(
            cwd=fleet.directory,
            environ={**os.environ, **fleet.environ, **(environ or {})},
            prompter=Nobody(),
            user="ops-1",
        )
        configuration = load_configuration(fleet.directory, surroundings.environ, fleet.config_path)
        async with (
            Assembly(configuration, surroundings, read_only=read_only) as nixtui,
            LiveCockpit(nixtui) as cockpit,
        ):
            app = NixtuiApp(cockpit, **options)
            try:
                async with app.run_test(size=size) as pilot:
                    await until(pilot, lambda: len(app.fleet_screen.table.listing) == len(cast), "all hosts are listed")
                    yield app, pilot, fleet
            except Exception as error:  # raised below: the cockpit's task group would wrap what is the test's own
                failure = error
        if failure is not None:
            raise failure


def override(file: Path, tables: Mapping[str, Any]) -> None:
    """Put values into a TOML file."""
    document = tomllib.loads(file.read_text())
    _merge(document, tables)
    file.write_text(tomli_w.dumps(document))


def _merge(into: dict[str, Any], tables: Mapping[str, Any]) -> None:
    for key, value in tables.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
