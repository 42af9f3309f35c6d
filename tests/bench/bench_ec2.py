"""A thousand instances in three regions, asked from moto in a process of its own; five thousand images to filter.

`python -m tests.bench.bench_ec2`. What is measured is the client: its CPU time, and for how long the loop that
draws the screen did not get its turn meanwhile.
"""

import asyncio
import logging
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from statistics import median
from typing import Final

import boto3
from moto.server import ThreadedMotoServer

from nixtui.aws.session import Session
from nixtui.instances.standing import survey
from nixtui.model.image import Image
from nixtui.tui.image_rows import matches
from tests.bench.figures import Figure, at_most, table

REGIONS: Final = ("eu-central-1", "us-east-1", "us-west-2")
IN_EACH: Final = (334, 333, 333)
IMAGES: Final = 5000
ROUNDS: Final = 5
TITLE = f"{sum(IN_EACH):,} instances in {len(REGIONS)} regions, {IMAGES:,} images"

_ACCOUNT: Final = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def figures() -> list[Figure]:
    """Measure."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_moto, args=(theirs,), daemon=True)
    process.start()
    try:
        endpoint = ours.recv()
        os.environ.update({**_ACCOUNT, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGIONS[0]})  # boto3 looks there
        measured = [asyncio.run(_survey()) for _ in range(ROUNDS)]
    finally:
        process.terminate()
        process.join()
    return [
        at_most(
            "CPU of the client for all instances, with new clients", median(each[0] for each in measured), "s", 1.5
        ),
        at_most("longest that the screen had to wait meanwhile", median(each[1] for each in measured), "ms", 33),
        at_most("a filter over all images", _filter_ms(), "ms", 30),
    ]


def main() -> None:
    """Measure and print."""
    print(table(TITLE, figures()))


async def _survey() -> tuple[float, float]:
    """CPU seconds, and the longest stall in milliseconds."""
    stalls, stop = [0.0], asyncio.Event()

    async def tick() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            stalls.append(time.perf_counter() - began - 0.005)

    async with Session(os.environ) as session:
        ticking, cpu = asyncio.ensure_future(tick()), time.process_time()
        found = await survey(session, REGIONS, {})
        took = time.process_time() - cpu
        stop.set()
        await ticking
    assert len(found.standings) == sum(IN_EACH), found.problems
    return took, max(stalls) * 1000


def _filter_ms() -> float:
    images = [
        Image(identity=f"ami-{number:017x}", name=f"web-{number}", region=REGIONS[0], state="available")
        for number in range(IMAGES)
    ]
    matches(images[0], ["web"])
    took = []
    for number in range(20):
        began = time.perf_counter()
        found = [each for each in images if matches(each, [f"web-{number + 10}", "eu"])]
        took.append(time.perf_counter() - began)
        assert found
    return median(took) * 1000


def _moto(told: Connection) -> None:
    """An account with the instances; says where it is, and stays."""
    os.environ.update(_ACCOUNT)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for region, count in zip(REGIONS, IN_EACH, strict=True):
        ec2 = boto3.client("ec2", region_name=region, endpoint_url=f"http://{host}:{port}")
        snapshot = ec2.create_snapshot(VolumeId=ec2.create_volume(Size=4, AvailabilityZone=f"{region}a")["VolumeId"])
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["SnapshotId"]}}
        image = ec2.register_image(Name="web", BlockDeviceMappings=[mapping])["ImageId"]
        ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count)
    told.send(f"http://{host}:{port}")
    time.sleep(3600)


if __name__ == "__main__":
    main()
