"""What was bought, and what becomes of it: orders, their moves and their history. Payment and stock join in flows."""
