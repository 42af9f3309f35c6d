"""nixtui: a terminal cockpit for NixOS fleets. The floor plan is in README.md, "How it is built"."""

__version__ = "0.1.0"
