"""The JSON door: declared routes that decode a request, make one call to the shop and encode the result.

Nothing here decides anything about selling, and nothing here renders pages for shoppers.
"""
