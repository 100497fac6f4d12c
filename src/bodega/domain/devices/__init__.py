"""Know the devices that count stock, where each belongs, and which of their readings is the newest.

What a reading does to stock is decided in `domain/flows`: devices know no inventory.
"""
