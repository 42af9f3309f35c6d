"""The places of the app, each with its style sheet beside it. Screens ask for plans and show events, nothing more."""
