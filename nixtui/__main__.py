"""`python -m nixtui`."""

from nixtui.cli.main import entry

entry()
