"""How a host is reached, and what it is asked: transports, host keys, elevation, and the scripts that run on hosts.

Each script in `scripts/` has one module beside this file that calls it and understands its answer.
"""
