"""The words of the demo shop: makers, materials, sentences for descriptions and for reviews.

Data only, like the kinds.
"""
