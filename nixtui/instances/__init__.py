"""Instances of EC2: what they are, what starts and replaces them, and what is done to them."""
