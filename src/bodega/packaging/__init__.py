"""Build what AWS runs as functions: an archive each, with what it needs and no more. Nothing of the shop runs here."""
