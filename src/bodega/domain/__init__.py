"""What the shop decides: features side by side, flows that join them, and the Shop that every front door receives.

No vendor, no HTTP, no clock reading and no environment may be in here; time, ids and storage come in through ports.
Features never import each other; what joins two of them is a flow.
"""
