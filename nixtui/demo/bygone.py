"""What a demo host's journal has from before the demo began: earlier boots, and the switches to its generations."""

from random import Random
from typing import Final
from uuid import UUID

from nixtui.demo.history import DAY_S
from nixtui.demo.host_log import HostLog
from nixtui.demo.installation import Installation

_ACTIVATION_S: Final = 6.0
_UP_BEFORE_S: Final = 20 * DAY_S


def write_bygone(log: HostLog, installation: Installation, random: Random) -> None:
    """Everything that is about a time before now; to be called before the log is published."""
    earlier_boot_at = installation.booted_at - _UP_BEFORE_S
    log.begin_boot(str(UUID(int=random.getrandbits(128), version=4)), earlier_boot_at)
    kernels = [each.system.kernel for each in installation.generations]
    kernel = installation.booted.kernel
    earlier_kernel = next((each for each in reversed(kernels) if each != kernel), kernel)
    log.booted(earlier_kernel, earlier_boot_at)
    log.booted(kernel, installation.booted_at)
    for each in installation.generations:
        if each.made_at >= earlier_boot_at:
            log.switched(each.system.path, each.made_at, each.made_at + _ACTIVATION_S)
    if installation.running is not installation.generations[-1].system:
        since = installation.running_since
        log.switched(installation.running.path, since, since + _ACTIVATION_S)
