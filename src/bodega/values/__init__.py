"""Small frozen things with rules: money, SKUs, ids, slugs, times, pages.

Nothing here may know a port, a vendor or a feature; a value validates itself and compares by content.
"""
