"""Recommender mathematics: arrays in, arrays out.

Nothing here may know a port, a file, a clock, an external id or a feature: users and items are dense indices,
`now` is an argument, and chance is a seeded generator. What is served (`serving`) needs numpy alone.
"""
