"""What all connections of one operator share."""

from nixtui.remote.prompter import Prompter
from nixtui.remote.settings import SshSettings


class SshAccess:
    """The operator's keys, known hosts, ssh_config and passwords, read once for the whole fleet."""

    def __init__(self, settings: SshSettings, prompter: Prompter) -> None:
        self.settings = settings
        self.prompter = prompter
