"""What a thousand instances cost the operator's machine: `python -m tests.bench.bench_instances [INSTANCES]`.

Three regions on loopback answer from a process of their own, with eight tags each and everything else that EC2 says.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from nixtui.aws.session import Session
from nixtui.config.schema import Ec2Section
from nixtui.fleet.inventory.ec2 import Ec2Source
from nixtui.fleet.inventory.merge import merge
from nixtui.instances.machines import machines
from nixtui.instances.standing import survey
from nixtui.model.image import Image
from nixtui.tui.image_rows import matches
from tests.bench.figures import Figure, at_most, table

TITLE = "A thousand instances in three regions, five thousand images"
REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-2")

_SERVER = Path(__file__).with_name("ec2_of_a_thousand.py")


async def _stalls(done: asyncio.Event) -> float:
    """The longest that the event loop, and so a screen, waited for its turn (seconds)."""
    longest, step = 0.0, 0.005
    while not done.is_set():
        before = time.perf_counter()
        await asyncio.sleep(step)
        longest = max(longest, time.perf_counter() - before - step)
    return longest


async def measure(count: int, environ: dict[str, str]) -> list[Figure]:
    """Listing as the inventory does, then asking for all that is around each instance."""
    import boto3  # noqa: F401 - the app has it by then

    gc.disable()  # the app collects when nobody notices: nixtui/tui/garbage.py
    done = asyncio.Event()
    watching = asyncio.create_task(_stalls(done))
    started = time.process_time()
    source = Ec2Source(Ec2Section(regions=REGIONS), environ)
    hosts = [found async for found in source.hosts()][-1].hosts
    fleet = merge({"ec2": hosts})
    listed = time.process_time() - started
    started = time.process_time()
    async with Session(environ) as session:
        known = machines(await survey(session, REGIONS, {}))
    around = time.process_time() - started
    done.set()
    assert len(fleet) == len(known) == count, (len(fleet), len(known))
    return [
        at_most(f"{count:,} instances as hosts, CPU", listed, "s", 1.5),
        at_most(f"checks, images and groups of {count:,}, CPU", around, "s", 3.0),
        at_most("longest that the screen waited meanwhile", await watching * 1000, "ms", 200),
    ]


def filter_ms() -> float:
    """A filter over five thousand images."""
    images = [
        Image(identity=f"ami-{number:017x}", name=f"web-{number}", region=REGIONS[0], state="available")
        for number in range(5000)
    ]
    took = []
    for number in range(20):
        began = time.perf_counter()
        found = [each for each in images if matches(each, [f"web-{number + 10}", "eu"])]
        took.append(time.perf_counter() - began)
        assert found
    return median(took) * 1000


def figures(count: int = 1000) -> list[Figure]:
    """All of them."""
    server = subprocess.Popen(
        [sys.executable, str(_SERVER), str(count), *REGIONS], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())
        environ = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGIONS[0],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        os.environ.update(environ)
        found = asyncio.run(measure(count, environ))
        return [*found, at_most("a filter over 5,000 images", filter_ms(), "ms", 30)]
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    print(table(TITLE, figures(*map(int, sys.argv[1:2]))))
