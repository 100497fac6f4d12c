"""The ports answered by AWS, or by any server that speaks its protocols (`endpoint_url`).

No rule about selling and no reading of the environment may be in here. Each file answers the port that the file of the
same name in `adapters/local` answers, and passes the same list of behaviours.
"""
