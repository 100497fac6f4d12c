"""A front door that nobody knocks at: it does what falls due, in a process of its own beside the servers."""
