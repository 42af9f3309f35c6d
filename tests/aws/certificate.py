"""A certificate for loopback that nobody signed but itself."""

import subprocess
from pathlib import Path


def self_signed(directory: Path) -> Path:
    """Key and certificate for 127.0.0.1 in one file."""
    path, alone = directory / "loopback.pem", directory / "loopback.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(alone)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + alone.read_text())
    return path
