"""Journals of many hosts as one: followed, merged by time, kept within bounds, searched.

Reads only; whoever shows it (screen or command) gets lines and decides nothing.
"""
