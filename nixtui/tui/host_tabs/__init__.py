"""The tabs of the host page: each knows one thing about one host, asks when it is shown, and says how old that is."""
