"""The front door for events of AWS: one file a function, each handler decodes, makes one call and encodes.

What a function decides is the domain's; what many of them need of AWS's events is here too. No vendor's library.
"""
