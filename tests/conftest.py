"""What all tests share: the lab, and that it is not passed over where it has to run."""

import os
import signal
from collections.abc import Generator

import pytest

pytest_plugins = ["tests.lab.fixtures"]

# A run that was started in the background or under nohup ignores these, and so would every process that a test starts
# to see whether it minds them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

LAB_REQUIRED = "NIXTUI_LAB_REQUIRED"
"""Set where a test on real hosts that is skipped is a failure."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    on_real_hosts = item.get_closest_marker("lab") or "lab" in getattr(item, "fixturenames", ())
    if report.skipped and on_real_hosts and os.environ.get(LAB_REQUIRED):
        report.outcome = "failed"
        report.longrepr = f"{LAB_REQUIRED} is set, but it was skipped: {report.longrepr}"
    return report
