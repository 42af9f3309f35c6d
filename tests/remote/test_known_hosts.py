"""The index over known_hosts files: as quick for thousands of lines as for three. Meanings: see test_host_keys."""

import subprocess
import time
from base64 import b64encode
from pathlib import Path

from nixtui.remote.known_hosts import KnownHosts, Marker

LINES = 10_000


def encoded(number: int) -> str:
    """A public key that is different for every number."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + number.to_bytes(32, "big")
    return b64encode(blob).decode()


def write(path: Path, names: list[str]) -> Path:
    path.write_text("".join(f"{name} ssh-ed25519 {encoded(number)}\n" for number, name in enumerate(names)))
    return path


async def test_lines_are_found_with_their_number_marker_and_key(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(
        "# comment\n"
        f"web,10.0.0.1 ssh-ed25519 {encoded(1)} a comment\n"
        "\n"
        "not a line\n"
        f"@revoked web ssh-ed25519 {encoded(2)}\n"
        f"@cert-authority *eb ssh-ed25519 {encoded(3)}\n"
        f"@unheard-of web ssh-ed25519 {encoded(4)}\n"
        f"|1|damaged|hash ssh-ed25519 {encoded(5)}\n"
        f"WEB ssh-ed25519 {encoded(6)}"
    )
    found = await KnownHosts().lookup((path,), "web")
    assert [(key.line, key.marker) for key in found] == [
        (2, Marker.HOST),
        (5, Marker.REVOKED),
        (6, Marker.AUTHORITY),
        (9, Marker.HOST),
    ]
    assert found[0].blob.endswith(b"\1")
    assert found[0].file == path


async def test_a_damaged_key_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("web ssh-ed25519 AAAA-not-base64\n")
    (key,) = await KnownHosts().lookup((path,), "web")
    assert key.blob == b""


async def test_files_are_asked_in_their_order_and_missing_ones_have_nothing(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1", ["a", "web"]), write(tmp_path / "2", ["web"])
    found = await KnownHosts().lookup((second, tmp_path / "missing", first), "web")
    assert [(key.file, key.line) for key in found] == [(second, 1), (first, 2)]


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path, known = tmp_path / "known_hosts", KnownHosts()
    assert await known.lookup((path,), "web") == ()
    write(path, ["web"])
    assert len(await known.lookup((path,), "web")) == 1
    write(path, ["web", "web"])
    assert len(await known.lookup((path,), "web")) == 2
    path.unlink()
    assert await known.lookup((path,), "web") == ()


async def test_a_thousand_hosts_in_ten_thousand_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "known_hosts", [f"host-{number}.example.com,10.0.0.{number}" for number in range(LINES)])
    known, began = KnownHosts(), time.process_time()
    for number in range(0, LINES, LINES // 1000):
        (key,) = await known.lookup((path,), f"host-{number}.example.com")
        assert key.line == number + 1
    assert time.process_time() - began < 1  # 0.06 s; asyncssh's own way takes 0.1 s per host


async def test_hashed_names_are_found_and_remembered(tmp_path: Path) -> None:
    path = write(tmp_path / "known_hosts", [f"host-{number}" for number in range(3_000)])
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)  # noqa: ASYNC221
    known = KnownHosts()
    for number in (0, 1_999, 2_000, 2_999):  # around where others get their turn
        (key,) = await known.lookup((path,), f"host-{number}")
        assert key.line == number + 1
    assert await known.lookup((path,), "host-3000") == ()
    began = time.process_time()
    for _ in range(1000):
        assert len(await known.lookup((path,), "host-2000")) == 1
    assert time.process_time() - began < 0.5  # the answer is kept: nothing is hashed again


async def test_a_hashed_name_with_several_keys_has_them_all(tmp_path: Path) -> None:
    path = write(tmp_path / "known_hosts", ["a", "web", "b", "web"])
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)  # noqa: ASYNC221
    known = KnownHosts()
    assert [key.line for key in await known.lookup((path,), "web")] == [2, 4]
    assert [key.line for key in await known.lookup((path,), "b")] == [3]
