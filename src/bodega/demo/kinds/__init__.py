"""What the demo shop sells: every kind of thing, with its names, facts, prices, lovers and companions.

Data only: no drawing of lots and no assembly of sentences happens here.
"""
