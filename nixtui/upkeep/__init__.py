"""Looking after hosts without changing what they are: units, the store, commands."""
