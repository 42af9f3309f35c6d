"""How AWS is spoken: sessions and calls, EBS direct with a data path of its own, errors as sentences with a remedy.

boto3 is imported with the first call, never before.
"""
