"""Adapters to the machine itself: its clock, its chance, its file system.

Nothing here may know a store, a format or a vendor; only these files read the machine's clock.
"""
