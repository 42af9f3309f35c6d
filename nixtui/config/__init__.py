"""`nixtui.toml`: where it is looked for, what may stand in it, and what exactly is wrong with it.

Knows no jobs: a `Configuration` is a value, and who needs a part of it is handed that part.
"""

from nixtui.config.loading import Configuration, load_configuration
from nixtui.config.problem import BadConfiguration, Problem

__all__ = ["BadConfiguration", "Configuration", "Problem", "load_configuration"]
