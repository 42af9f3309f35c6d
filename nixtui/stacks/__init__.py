"""Stacks: hosts that are instances made and destroyed together, by the name that they are declared under."""
