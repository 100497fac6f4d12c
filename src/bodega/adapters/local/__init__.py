"""The ports answered by one machine: SQLite, files and memory, as strict as the cloud would be.

No rule about selling and no reading of the environment may be in here; conveniences that AWS lacks are bugs.
"""
