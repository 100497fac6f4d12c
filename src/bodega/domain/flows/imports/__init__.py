"""How rows of each subject become products, orders and reviews. Reading files and keeping jobs happen elsewhere."""
