"""From a configuration to AMIs in every region, as one operation that goes on where it was cut off.

Nothing is remembered here but the block journal: how far an image came is read from the tags that every step leaves.
"""
