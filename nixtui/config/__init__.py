"""`nixtui.toml`: where it is looked for, what may stand in it, and what exactly is wrong with it.

Knows no jobs: a `Configuration` is a value, and who needs a part of it is handed that part.
"""

from nixtui.config.discovery import find_configuration
from nixtui.config.loading import Configuration, check_configuration, load_configuration
from nixtui.config.problem import BadConfiguration, Problem
from nixtui.config.showing import show_configuration

__all__ = [
    "BadConfiguration",
    "Configuration",
    "Problem",
    "check_configuration",
    "find_configuration",
    "load_configuration",
    "show_configuration",
]
