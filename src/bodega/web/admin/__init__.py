"""The room of the staff's pages: products, stock, orders, reviews, imports. They come with a later issue.

Nothing for shoppers may be in here, and nothing that does not ask for a session with a role first.
"""
