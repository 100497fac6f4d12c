"""Draw pictures of goods as small SVG files: flat shapes, one light from the left, the product's own colour.

Nothing here knows what is for sale: a drawing is a motif, its colours and a number that varies it.
"""
