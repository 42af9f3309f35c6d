"""A terminal of a demo host's own: run as a program of its own, it joins a shell on a pty to its standard streams.

`python terminal.py ROWS COLUMNS WORD…`. A process without threads may fork, and one that leads its session gets the pty
as its controlling terminal on Linux and macOS alike.
"""

import fcntl
import os
import pty
import struct
import sys
import termios


def main(rows: int, columns: int, words: list[str]) -> int:
    """The exit status of the program on the pty."""
    size = struct.pack("HHHH", rows or 24, columns or 80, 0, 0)

    def read(master: int) -> bytes:
        nonlocal size
        if size:  # the first read is the first time that pty.spawn lets us at its pty
            fcntl.ioctl(master, termios.TIOCSWINSZ, size)
            size = b""
        return os.read(master, 65536)

    return os.waitstatus_to_exitcode(pty.spawn(words, read))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
