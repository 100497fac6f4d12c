"""Use cases that join two or more features. A flow may import features; features never import flows or each other."""
