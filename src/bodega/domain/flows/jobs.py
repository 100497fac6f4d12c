"""Keep track of long work (imports, exports, trainings): a record that survives restarts, and a queue that starts it."""
