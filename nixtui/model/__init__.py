"""The nouns: hosts, their state, generations, closures, and the two small languages that choose among them.

Values only: no input or output, nothing asynchronous, nothing imported but the standard library and msgspec.
"""
