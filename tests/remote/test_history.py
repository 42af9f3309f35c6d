"""What a host tells about its past, as the script gathers it and as it is read."""

import json
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.model.timeline import HostHistory
from nixtui.remote.errors import BadAnswer
from nixtui.remote.history import history, parse_history
from nixtui.remote.transport import Completed
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.remote.nixos_root import NixosRoot, web_host

HOST = Host(name="web-1", address="web-1")
OLD, NEW = "1" * 32, "2" * 32
BOOTS = f"""\
 -1 {OLD} Tue 2026-09-22 01:00:00 UTC—Sun 2026-09-27 02:09:50 UTC
  0 {NEW} Sun 2026-09-27 02:10:00 UTC—Sun 2026-09-27 03:00:00 UTC
"""


def entry(at: float, **fields: str) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(int(at * 1e6)), **fields})


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    root = web_host(tmp_path / "root with a space")
    root.write("/proc/sys/kernel/random/boot_id", f"{NEW[:8]}-{NEW[8:12]}-{NEW[12:16]}-{NEW[16:20]}-{NEW[20:]}\n")
    return root


@pytest.fixture(params=SHELLS)
def transport(request: pytest.FixtureRequest, root: NixosRoot) -> LocalTransport:
    return LocalTransport(HOST, str(request.param), root.environment)


def journal(root: NixosRoot, *, hint: str = "", nixos: str = "", failed: str = "", started: str = "") -> None:
    """A journalctl that answers the script's questions, each told by what only it asks for."""
    for name, text in {"nixos": nixos, "failed": failed, "started": started, "boots": BOOTS}.items():
        root.write(f"/answers/{name}", text)
    answers = root.at("/answers")
    root.program(
        "journalctl",
        f"""printf '%s\\n' "$*" >>'{answers}/asked'
case $* in
*--list-boots*) cat '{answers}/boots' ;;
*SYSLOG_IDENTIFIER=nixos*_UID=0*) cat '{answers}/nixos' ;;
*MESSAGE_ID=39f53479d3a045ac8e11786248231fbf*) cat '{answers}/started' ;;
*_PID=1*MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c*) cat '{answers}/failed' ;;
*_TRANSPORT=kernel*) echo 'Linux version 6.12.40 (nixbld@localhost) gcc'; seq 200000 ;;
*) printf '%s' '{hint}' >&2 ;;
esac""",
    )


async def test_everything_a_host_has_to_tell(root: NixosRoot, transport: LocalTransport) -> None:
    system = root.system(412)
    now = 4_000_000_000.0
    journal(
        root,
        nixos="\n".join(
            (
                entry(100, MESSAGE=f"switching to system configuration {system}"),
                entry(107, MESSAGE=f"finished switching to system configuration {system}"),
                entry(200, MESSAGE=f"switching to system configuration {root.system(411)}"),
                entry(204, MESSAGE=f"switching to system configuration {root.system(411)} failed (status 4)"),
                entry(300, MESSAGE=f"switching to system configuration {system}"),
            )
        ),
        failed=entry(now, UNIT="a\\x2db.service", UNIT_RESULT="exit-code") + "\n",
        started=entry(now + 9, UNIT="a\\x2db.service") + "\n",
    )
    root.write("/run/nixtui/ended/8f2a9c01", f"outcome committed\nat 1790412009\ncurrent {system}\nwhy \x1b[31m\n")
    found = await history(transport, 3600)
    assert [(each.path, each.at, each.ended_at, each.status) for each in found.activations] == [
        (system, 100, 107, 0),
        (root.system(411), 200, 204, 4),
        (system, 300, None, None),
    ]
    assert [(each.unit, each.result, each.is_failure) for each in found.units] == [
        ("a\\x2db.service", "exit-code", True),
        ("a\\x2db.service", None, False),
    ]
    assert [(each.id, each.kernel, each.is_certain) for each in found.boots] == [
        (OLD, "6.12.40", False),
        (NEW, "6.12.51", True),
    ]
    assert found.boots[1].at == 1_790_475_000
    assert [(each.operation, each.outcome, each.current) for each in found.ended] == [("8f2a9c01", "committed", system)]
    newest = found.links[0]
    assert (newest.number, newest.created_at, newest.configuration_revision) == (
        412,
        1_790_412_000,
        newest.configuration_revision,
    )
    assert newest.configuration_revision
    assert found.incomplete == ()
    assert found.clock - found.since == 3600
    assert "UNIT=a\\x2db.service" in root.at("/answers/asked").read_text()


@pytest.mark.parametrize(
    ("hint", "why"),
    [
        ("Hint: You are currently not seeing messages from other users and the system.", "not readable by"),
        ("No journal files were opened due to insufficient permissions.", "not readable by"),
        ("No journal files were found.", "keeps no journal"),
    ],
)
async def test_a_journal_one_may_not_read_is_told(
    root: NixosRoot, transport: LocalTransport, hint: str, why: str
) -> None:
    journal(root, hint=hint)
    found = await history(transport, 3600)
    assert len(found.incomplete) == 1
    assert why in found.incomplete[0]
    assert [each.number for each in found.links] == [412, 411, 410]


async def test_too_many_failures_are_told_as_too_many(root: NixosRoot, transport: LocalTransport) -> None:
    now = 4_000_000_000.0
    journal(root, failed="\n".join(entry(now + number, UNIT="x.service") for number in range(400)) + "\n")
    found = await history(transport, 3600)
    assert found.incomplete == ("only the newest 400 failures of units",)
    assert len(found.units) == 400


async def test_without_a_journal_the_current_boot_and_the_links_are_known(
    root: NixosRoot, transport: LocalTransport
) -> None:
    journal(root)
    root.write("/answers/boots", "")
    found = await history(transport, 3600)
    assert [(each.id, each.kernel, each.is_certain) for each in found.boots] == [(NEW, "6.12.51", True)]
    assert found.boots[0].at == pytest.approx(found.clock - 86400.12)


def parsed(*lines: str) -> HostHistory:
    text = "\n".join(("motd", "#nixtui-history begin", "clock 1000", "since 10", *lines, "#nixtui-history end", ""))
    return parse_history("web-1", Completed(0, text, ""))


HOSTILE = (
    "activation {",
    "activation []",
    'activation {"__REALTIME_TIMESTAMP":"1e999","MESSAGE":"x"}',
    'activation {"__REALTIME_TIMESTAMP":null}',
    'activation {"__REALTIME_TIMESTAMP":"5","MESSAGE":null}',
    'activation {"__REALTIME_TIMESTAMP":"5","MESSAGE":[1,999,"x"]}',
    'activation {"__REALTIME_TIMESTAMP":"5","MESSAGE":"switching to system configuration /etc/passwd"}',
    'activation {"__REALTIME_TIMESTAMP":"5","MESSAGE":"switching to system configuration /nix/store/../../x y"}',
    "activation " + "[" * 100_000,
    'failure {"__REALTIME_TIMESTAMP":"99000000","UNIT":7}',
    'failure {"__REALTIME_TIMESTAMP":"99000000"}',
    "generation x",
    "generation 99999999999999999999",
    "path relative",
    "created_at -5",
    "boot 0 nonsense",
    f"boot   0 {NEW} Sun 2026-99-99 02:10:00 UTC",
    'boot [{"boot_id":1}]',
    "ended ../../etc",
    "ended_at 5",
    "ended_at never",
    "uptime NaN",
    "switched_at 1e400",
    "unheard of",
    "",
)


def test_nonsense_is_left_out_and_the_rest_stands() -> None:
    found = parsed(*HOSTILE, "generation 7", "created_at 500", "path /nix/store/a-b", "incomplete " + "x" * 9000)
    assert (found.activations, found.units, found.boots, found.ended) == ((), (), (), ())
    assert [each.number for each in found.links] == [7]
    assert len(found.incomplete[0]) == 256


def test_boots_as_newer_journalctls_list_them() -> None:
    listed = json.dumps(
        [{"index": 0, "boot_id": OLD, "first_entry": 5_000_000}, {"boot_id": NEW, "first_entry": 9_000_000}]
    )
    assert [(each.id, each.at) for each in parsed(f"boot {listed}").boots] == [(OLD, 5), (NEW, 9)]
    titled = parsed("boot IDX BOOT ID  FIRST ENTRY  LAST ENTRY", *(f"boot {each}" for each in BOOTS.splitlines()))
    assert [each.is_certain for each in titled.boots] == [False, True]


def test_text_that_is_no_utf_8_comes_as_numbers() -> None:
    message = list(b"finished switching to system configuration /nix/store/a-b")
    (only,) = parsed("activation " + json.dumps({"__REALTIME_TIMESTAMP": "5000000", "MESSAGE": message})).activations
    assert (only.path, only.at, only.status) == ("/nix/store/a-b", 5, 0)


@pytest.mark.parametrize(
    "text", ["", "#nixtui-history begin\nclock 5\n", "#nixtui-history begin\n#nixtui-history end\n"]
)
def test_half_an_answer_is_none(text: str) -> None:
    with pytest.raises(BadAnswer):
        parse_history("web-1", Completed(1, text, "sh: killed"))
