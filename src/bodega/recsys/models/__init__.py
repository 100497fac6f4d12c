"""The models, one a file: each learns from interactions and reduces to an item table to be served.

Nothing here may serve, publish, or know what an item is beyond its index (and, for content, its text).
"""
