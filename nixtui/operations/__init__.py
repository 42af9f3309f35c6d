"""The one way to do what takes long or changes the world: a plan, an operation that runs it, a report, the journal.

Nothing here knows what an operation is about.
"""
