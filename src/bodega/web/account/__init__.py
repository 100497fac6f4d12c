"""Pages about the customer who looks at them: the way in and out, and everything the shop knows of them.

Nothing in here may be kept by anybody: every page is sent with `no-store`.
"""
