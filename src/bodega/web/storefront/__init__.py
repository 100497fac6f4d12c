"""The pages that shoppers see, one file a page, and the parts that several pages share.

Each page reads through the shop's services, builds plain view data, already formatted, and hands it to its template.
No markup may be in here, and no decision about prices, stock or ranking.
"""
