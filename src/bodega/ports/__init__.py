"""What the shop asks of the world, in its own words: one file a port.

No vendor, no clock reading, no environment, no default implementation may be in here. Every port has one list of
behaviours in tests/ports, and an adapter is done when it passes.
"""
