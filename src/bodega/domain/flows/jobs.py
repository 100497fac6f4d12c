"""Keep track of long work (imports, exports, trainings).

A record that survives restarts, and a queue that starts it.
"""
