"""The terminal's front door: decode arguments, one call into the shop, print. Nothing is decided here."""
