"""Products, variants, categories, collections and attributes: what is for sale, and how it is found.

Stock, orders and reviews live in their own features; nothing here may import them.
"""
