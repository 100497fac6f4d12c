"""Carts and what they cost: lines, coupons, shipping and tax tables. It knows prices only as they are handed to it."""
