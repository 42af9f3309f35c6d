"""The app: what a person at a terminal sees and presses. It shows values, asks for plans and starts operations.

It knows the fleet only through `cockpit.Cockpit`, and nothing of SSH, AWS or processes.
"""
