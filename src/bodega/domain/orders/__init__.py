"""What was bought: orders and their lines. Carts, payment and fulfilment join them in flows."""
