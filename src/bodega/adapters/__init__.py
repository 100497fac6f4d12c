"""Answers to what the ports ask: `local` for one machine, `aws` for the cloud, `system` for clock and ids.

Nothing here decides anything about selling, and only `bodega.wiring` may import it.
"""
