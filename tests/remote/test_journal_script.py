"""`journal.sh` under every shell: read from the end, followed, taken up again at a cursor."""

import asyncio
import json
import os
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.remote.errors import BadAnswer
from nixtui.remote.journal import newest, open_journal, whole_record
from tests.remote.local_transport import SHELLS, LocalTransport


def write(journal: Path, *numbers: int) -> None:
    with journal.open("a") as file:
        for number in numbers:
            entry = {
                "__CURSOR": f"s=demo;i={number:x}",
                "__REALTIME_TIMESTAMP": str(number * 1_000_000),
                "PRIORITY": "6",
                "_SYSTEMD_UNIT": "a.service",
                "MESSAGE": f"number {number}",
            }
            file.write(json.dumps(entry, separators=(",", ":")) + "\n")


@pytest.fixture(params=SHELLS)
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> LocalTransport:
    if shutil.which(request.param.split()[0]) is None:
        pytest.skip(f"{request.param} is not installed")
    programs = tmp_path / "bin"
    programs.mkdir()
    copy = programs / "journalctl"
    copy.write_bytes(files("nixtui.demo").joinpath("bin/journalctl").read_bytes())
    copy.chmod(0o755)
    (tmp_path / "var/log").mkdir(parents=True)
    write(tmp_path / "var/log/journal", *range(1, 21))
    environment = {"NIXTUI_ROOT": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
    return LocalTransport(Host(name="here", address="here"), request.param, environment)


async def test_the_newest_come_oldest_first_with_the_hosts_clock(transport: LocalTransport) -> None:
    entries, clock, may_see_all = await newest(transport, 3, ["--unit=a"])
    assert [entry.message for entry in entries] == ["number 18", "number 19", "number 20"]
    assert clock is not None
    assert clock > 1.7e9
    assert may_see_all
    assert (await newest(transport, 5, ["--unit=b"]))[0] == []


async def test_following_begins_with_the_line_that_is_known(transport: LocalTransport, tmp_path: Path) -> None:
    seen = []
    async with (
        asyncio.timeout(20),
        open_journal(transport, "--follow", "--no-tail", "--cursor=s=demo;i=14") as reading,
    ):
        async for entry in reading.entries():
            seen.append(entry.message)
            if len(seen) == 1:
                write(tmp_path / "var/log/journal", 21, 22)
            if len(seen) == 3:
                break
    assert seen == ["number 20", "number 21", "number 22"]


async def test_one_entry_with_all_its_fields(transport: LocalTransport) -> None:
    fields = dict(await whole_record(transport, "s=demo;i=5"))
    assert fields["MESSAGE"] == "number 5"
    with pytest.raises(BadAnswer, match="no longer"):
        await whole_record(transport, "s=demo;i=ffff")


async def test_a_journal_that_cannot_be_opened_is_an_error_with_its_reason(
    transport: LocalTransport, tmp_path: Path
) -> None:
    (tmp_path / "bin/journalctl").write_text("#!/bin/sh\necho 'Failed to open journal' >&2\nexit 1\n")
    with pytest.raises(BadAnswer, match="Failed to open journal"):
        await newest(transport, 3, [])
