"""Looking after hosts without changing what they are: units, the store, commands.

Everything is planned with the exact commands first. What units and the store are made to do runs in a unit of its own
on the host, under the guard's lock, so that neither a lost link nor another operator leaves it half seen.
"""
