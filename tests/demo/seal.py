"""Encrypts the secrets of the demo anew: `python -m tests.demo.seal`. Look at what differs before you commit it."""

import os
import subprocess
import tempfile
from pathlib import Path

import pyrage

from nixtui.demo import secrets as demo
from nixtui.secrets.program import find_sops

FOLDER = Path(demo.__file__).with_name("sealed")
PEOPLE = ("mara", "ben", "yuki")
HOSTS = ("web-1", "web-2", "db-1")

WEB = """\
# what the shop wants to be secret
session_key: 3f9c1b7e0a6d4f2284c5b1d09e7a6f13
db:
    user: shop
    password: {password}
    pool_size: 20
smtp:
    # the provider rotates it every quarter
    password: blue-kettle-runs-twice
tls:
    key: |
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo
        -----END PRIVATE KEY-----
api_tokens:
    - partner-one-4c1d
    - partner-two-9e8f
"""
DB = "postgres:\n    superuser: correct-horse-battery-staple\n    replication: staple-battery-horse\n"
MAIL = "relay:\n    user: shop\n    password: {password}\nalerts: {alerts}\n"
BACKUP = "RESTIC_PASSWORD=four-words-are-enough\nB2_KEY_ID=0042\nB2_KEY=K004-demo\n"
MONITORING = '{"grafana": {"admin": "only-ben-knows"}}'


def public(name: str) -> str:
    return str(pyrage.x25519.Identity.from_str(demo.identity_of(name)).to_public())


def rules() -> str:
    keys = "".join(f"  - &{name} {public(name)}\n" for name in (*PEOPLE, *HOSTS))
    return (
        f"keys:\n{keys}creation_rules:\n"
        "  - path_regex: secrets/web\\.yaml$\n    key_groups:\n      - age: [*mara, *ben, *web-1, *web-2]\n"
        "  - path_regex: secrets/db\\.yaml$\n    key_groups:\n      - age: [*mara, *ben, *db-1]\n"
        "  - path_regex: secrets/monitoring\\.json$\n    key_groups:\n      - age: [*ben]\n"
        "  - path_regex: secrets/.*\n    key_groups:\n      - age: [*mara, *ben]\n"
    )


def age_rules() -> str:
    lines = [f'  {name} = "{public(name)}";\n' for name in ("mara", "ben", "db-1")]
    return (
        f"let\n{''.join(lines)}  people = [ mara ben ];\nin\n{{\n"
        '  "tokens/deploy.age".publicKeys = people;\n  "tokens/vpn.age".publicKeys = people ++ [ db-1 ];\n}\n'
    )


def sealed(folder: Path, name: str, plain: str, *to: str) -> bytes:
    """By sops, as anybody would."""
    path = folder / name
    path.write_text(plain)
    words = ["--config", "/dev/null", "encrypt", "--age", ",".join(map(public, to)), "-i", str(path)]
    subprocess.run([find_sops(os.environ).path, *words], check=True)
    return path.read_bytes()


def conflict(folder: Path) -> bytes:
    """The file as a merge leaves it, on which both sides have changed the same password."""
    versions = {}
    for side, password, alerts in (("base", "one", "ops"), ("ours", "three", "ops"), ("theirs", "two", "on-call")):
        text = MAIL.format(password=f"mail-{password}", alerts=f"{alerts}@shop.example")
        versions[side] = folder / side
        versions[side].write_bytes(sealed(folder, "mail.yaml", text, "mara", "ben"))
    words = ["git", "merge-file", "-p", "-L", "HEAD", "-L", "base", "-L", "mail-relay", *map(str, _in_order(versions))]
    return subprocess.run(words, capture_output=True).stdout


def _in_order(versions: dict[str, Path]) -> list[Path]:
    return [versions[each] for each in ("ours", "base", "theirs")]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readers = ("mara", "ben", "web-1", "web-2")
        found = {
            "sops.yaml": rules().encode(),
            "secrets.nix": age_rules().encode(),
            "secrets--web.yaml": sealed(folder, "web.yaml", WEB.format(password="7KfQx2mPdV9sTzRw"), *readers),
            "secrets--web.yaml.earlier": sealed(folder, "web.yaml", WEB.format(password="hunter2"), *readers),
            "secrets--db.yaml": sealed(folder, "db.yaml", DB, "mara", "ben", "yuki"),
            "secrets--backup.env": sealed(folder, "backup.env", BACKUP, "mara", "ben"),
            "secrets--monitoring.json": sealed(folder, "monitoring.json", MONITORING, "ben"),
            "secrets--mail.yaml": sealed(
                folder, "mail.yaml", MAIL.format(password="mail-one", alerts="ops@shop.example"), "mara", "ben"
            ),
            "secrets--mail.yaml.now": conflict(folder),
        }
        for file, to in (("deploy", ("mara", "ben")), ("vpn", ("mara", "ben", "db-1"))):
            keys = [pyrage.x25519.Recipient.from_str(public(each)) for each in to]
            found[f"tokens--{file}.age"] = bytes(pyrage.encrypt(f"{file}-token-demo\n".encode(), keys, armored=True))
    for name, content in found.items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
