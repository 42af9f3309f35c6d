"""Secrets: sops and age documents, who can read them, and changes that neither lose nor leak one.

Plaintext lives in `Secret` values and in pipes, nowhere else. The facts about sops come from experiments with 3.11.0.
"""
