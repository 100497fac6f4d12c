"""Bodega: an online store that starts as one process and grows with the same code to AWS.

This package root holds rooms only; see docs/map.md for what may be in each of them.
"""
