"""Blocks put into a snapshot: ours beside boto3 in 32 threads, against the same sink, over TLS and plain HTTP.

`python -m tests.bench.bench_images`. The sink takes requests apart and keeps nothing; it runs in a process of its own
on the same cores. Rounds alternate, so that a noisy machine is noisy for both. CPU time is that of the client alone.
"""

import hashlib
import multiprocessing
import os
import socket
import ssl
import tempfile
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from nixtui.aws.pace import Pace
from nixtui.aws.snapshots import BLOCK, Line
from nixtui.aws.wire import Endpoint
from nixtui.images.blocks import read_blocks
from nixtui.images.disk import ImageFile, RawDisk
from nixtui.images.ledger import Ledger
from nixtui.images.sending import Sender
from tests.aws.certificate import self_signed
from tests.bench.figures import Figure, at_least, at_most, memory_kib, table

BLOCKS = 400
ROUNDS = 5
THREADS = 32
UNLIMITED = 100_000.0
TITLE = f"{BLOCKS} blocks of 512 KiB into a snapshot on loopback, median of {ROUNDS} rounds"

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def figures() -> list[Figure]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        image = directory / "disk.raw"
        image.write_bytes(os.urandom(BLOCK) * BLOCKS)
        certificate = self_signed(directory)
        found: list[Figure] = []
        for secure in (True, False):
            found += _compared(directory, image, certificate if secure else None)
        return [*found, at_most("memory of the process that sends, boto3 in it", memory_kib() / 1024, "MiB", 150)]


def main() -> None:
    """Measure and print."""
    print(table(TITLE, figures()))


def _compared(directory: Path, image: Path, certificate: Path | None) -> list[Figure]:
    port, process = _start_sink(certificate)
    try:
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        ours, theirs = [], []
        for round_ in range(ROUNDS + 1):
            measured = (_ours(directory, image, url, certificate), _boto3(image, url, certificate))
            if round_:  # the first one warms up
                ours.append(measured[0])
                theirs.append(measured[1])
    finally:
        process.terminate()
        process.join()
    way, bar = ("TLS", 1.7) if certificate else ("plain HTTP", 2.5)
    rate = median(BLOCKS / wall for wall, _ in ours)
    cost = median(cpu / BLOCKS * 1000 for _, cpu in ours)
    their_rate = median(BLOCKS / wall for wall, _ in theirs)
    their_cost = median(cpu / BLOCKS * 1000 for _, cpu in theirs)
    return [
        Figure(f"{way}: blocks a second", rate, "/s"),
        Figure(f"{way}: boto3 in {THREADS} threads", their_rate, "/s"),
        at_least(f"{way}: times the blocks a second of boto3", rate / their_rate, "times", bar),
        Figure(f"{way}: CPU per block", cost, "ms"),
        at_most(f"{way}: of the CPU per block that boto3 takes ({their_cost:.2f} ms)", cost / their_cost, "times", 0.5),
    ]


def _ours(directory: Path, image: Path, url: str, certificate: Path | None) -> tuple[float, float]:
    """Seconds and CPU seconds, reading and hashing of every block included, as an upload does both."""
    endpoint = Endpoint.of(url, str(certificate) if certificate else True)
    line = Line(endpoint, "eu-central-1", "snap-0123", lambda: ("AKID", "secret", None), time.time())
    with ImageFile(image) as file, Ledger(directory, "bench") as ledger:
        ledger.forget_blocks()
        disk = RawDisk(file, file.size)
        began, cpu = time.perf_counter(), time.process_time()
        blocks = read_blocks(disk)
        sender = Sender(line, disk, blocks, ledger, Pace(UNLIMITED))
        sender.run(range(BLOCKS))
        assert sender.sent == BLOCKS
        return time.perf_counter() - began, time.process_time() - cpu


def _boto3(image: Path, url: str, certificate: Path | None) -> tuple[float, float]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "ebs",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        verify=str(certificate) if certificate else None,
        config=Config(max_pool_connections=THREADS),
    )
    descriptor = os.open(image, os.O_RDONLY)

    def put(index: int) -> None:
        block = os.pread(descriptor, BLOCK, index * BLOCK)
        client.put_snapshot_block(
            SnapshotId="snap-0123",
            BlockIndex=index,
            BlockData=block,
            DataLength=BLOCK,
            Checksum=b64encode(hashlib.sha256(block).digest()).decode(),
            ChecksumAlgorithm="SHA256",
        )

    with ThreadPoolExecutor(THREADS) as threads:
        began, cpu = time.perf_counter(), time.process_time()
        list(threads.map(put, range(BLOCKS)))
        took = time.perf_counter() - began, time.process_time() - cpu
    os.close(descriptor)
    return took


def _start_sink(certificate: Path | None) -> tuple[int, multiprocessing.Process]:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_sink, args=(listening, certificate), daemon=True)
    process.start()
    port = listening.getsockname()[1]
    listening.close()
    return port, process


def _sink(listening: socket.socket, certificate: Path | None) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    while True:
        link, _ = listening.accept()
        threading.Thread(target=_take, args=(link, context), daemon=True).start()


def _take(link: socket.socket, context: ssl.SSLContext | None) -> None:
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if context:
            link = context.wrap_socket(link, server_side=True)
        buffer = bytearray(256 * 1024)
        view = memoryview(buffer)
        while count := link.recv_into(view):
            head = bytes(view[:count])
            while (end := head.find(b"\r\n\r\n")) < 0:
                head += link.recv(65536)
            left = BLOCK - (len(head) - end - 4)
            if b"100-continue" in head:
                link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            while left > 0 and (count := link.recv_into(view, min(left, len(view)))):
                left -= count
            link.sendall(ANSWER)
    except OSError:
        return
    finally:
        link.close()


if __name__ == "__main__":
    main()
