"""Building systems: the tree that a build's event stream grows, its logs, estimates and history.

Nothing here starts a process: who runs nix hands its lines in, and takes the state and the texts from here.
"""
