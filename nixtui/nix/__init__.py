"""How Nix is spoken: which flake is meant, and what its evaluation says.

The nix command is started with argument lists, in a process group of its own, with a time limit and bounded output.
"""
