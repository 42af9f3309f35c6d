"""Changing what a host runs: guarded activation of one host, rollbacks, waves over many, and what a crash left."""
