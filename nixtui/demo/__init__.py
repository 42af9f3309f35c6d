"""An embedded fleet: two dozen hosts in this process, each a directory, reached over SSH as any other host is.

Nothing in the app knows that it is a demo: it loads a normal configuration and talks to normal hosts.
"""

from nixtui.demo.fleet import DemoFleet, demo_fleet
from nixtui.demo.host import DemoHost

__all__ = ["DemoFleet", "DemoHost", "demo_fleet"]
