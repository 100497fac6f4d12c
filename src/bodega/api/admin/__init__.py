"""Routes for staff and machines: every one asks for a key with a scope."""
