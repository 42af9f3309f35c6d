"""The `nixtui` command: every job without a screen, as text for people or `--json` for scripts.

Data goes to standard output, narration to standard error. `assembly.py` puts the parts of nixtui together.
"""
