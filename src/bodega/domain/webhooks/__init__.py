"""Tell other programs what happened: their endpoints, and every event's way to each of them."""
