"""One module per subcommand: `add` declares its arguments, `run` does it and returns the exit status."""
