"""Make a plausible shop from a seed: goods, people, two years of orders and what buyers said.

Pure and deterministic: the same seed and the same `now` give the same bytes. Nothing here may know a port, a
clock or a file; whoever calls it writes the records into a shop.
"""

from bodega.demo.shop import generate, stream_products

__all__ = ["generate", "stream_products"]
