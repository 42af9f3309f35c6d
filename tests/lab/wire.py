"""A bad cable: carries Ethernet frames between two interfaces, late, and not all of them.

Started by `Link.impair` as a program of its own: wire.py CGROUP ONE OTHER DELAY JITTER LOSS (seconds, seconds, 0…1).
It ends when one of the interfaces goes away.
"""

import contextlib
import heapq
import os
import random
import select
import socket
import sys
import time
from pathlib import Path
from typing import Final

ETH_P_ALL: Final = 3
SOL_PACKET: Final = 263
PACKET_VNET_HDR: Final = 15
PACKET_IGNORE_OUTGOING: Final = 23

#: With the kernel's offload header in front, a frame may be a whole 64 KiB segment that was never cut or summed.
LARGEST_FRAME: Final = 65536 + 64


#: How often an idle wire looks whether its interfaces are still there.
LOOK_AROUND: Final = 1.0


def main(cgroup: Path, one: str, other: str, delay: float, jitter: float, loss: float) -> None:
    cgroup.mkdir(parents=True, exist_ok=True)
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    ends = {_open(one): _open(other)}
    ends |= {there: here for here, there in ends.items()}
    dice = random.Random(0)  # noqa: S311 -- the same losses every time
    late: list[tuple[float, int, socket.socket, bytes]] = []
    order = 0
    print("ready", flush=True)
    while _exists(one) and _exists(other):
        patience = max(0.0, min(LOOK_AROUND, late[0][0] - time.monotonic())) if late else LOOK_AROUND
        for end in select.select(list(ends), [], [], patience)[0]:
            frame = _receive(end)
            if frame and dice.random() >= loss:
                order += 1
                due = time.monotonic() + max(0.0, delay + dice.uniform(-jitter, jitter))
                heapq.heappush(late, (due, order, ends[end], frame))
        while late and late[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(late)
            _send(end, frame)


def _exists(device: str) -> bool:
    return Path("/sys/class/net", device).exists()


def _open(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setblocking(False)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.bind((device, ETH_P_ALL))
    return end


# An interface that is down, full or gone is an error to a socket; to a cable it is a lost frame.


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(LARGEST_FRAME)
    except OSError:
        return b""


def _send(end: socket.socket, frame: bytes) -> None:
    with contextlib.suppress(OSError):
        end.send(frame)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], *(float(word) for word in sys.argv[4:7]))
