"""Answers to the port of pictures by the library Pillow. Nothing but pictures."""
