"""The places of the app, each with its style sheet beside it. A screen asks for plans and shows events; it does no work."""
