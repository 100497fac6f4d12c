"""The room of the staff's pages: each declares the scope that it needs, and a role has it or the page stays closed.

Nothing for shoppers may be in here.
"""
