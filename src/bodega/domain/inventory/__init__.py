"""How much of each SKU there is. Products, orders and carts live in their own features."""
