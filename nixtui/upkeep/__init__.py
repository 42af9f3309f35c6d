"""Upkeep: starting, stopping and restarting units, and keeping the Nix store in order, on one host or many.

Everything is planned with the exact commands first; the work runs in a unit of its own on the host, under the guard's
lock, so that neither a lost link nor another operator leaves it half seen.
"""
