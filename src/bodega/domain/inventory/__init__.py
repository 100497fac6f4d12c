"""How much of each SKU there is and who may have it. Products, orders and carts live in their own features."""
