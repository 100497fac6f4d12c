"""Training past one machine: a PySpark job that reads events and writes what the shop's own training would hand over.

Only the job's entry (`job`) is run, and nothing imports this room: pyspark is no dependency of the shop. Nothing here
may know a port or an adapter, or do mathematics of its own: Spark gathers and scatters, `recsys` computes.
"""
