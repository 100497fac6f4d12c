"""Payments through Stripe, with Stripe's own library: an optional extra (`pip install bodega[stripe]`).

Nothing here may decide what happens to an order; it translates between the payments port and Stripe's API.
"""
