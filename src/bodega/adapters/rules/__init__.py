"""What every adapter of a port refuses alike, and how each decides it.

Nothing in here may talk to a vendor, a file or a machine.
"""
