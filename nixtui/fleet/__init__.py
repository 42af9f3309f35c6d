"""What exists and how it is now: inventory sources merged into hosts, one live stream per host, and the fleet's state.

Screens and commands read here; nothing here knows them.
"""
