"""Pages for people: requests in, HTML out, every page whole without script.

Nothing here may decide about selling, know an adapter, read the environment, or speak JSON to programs: that is the
domain's, wiring's, settings' and the api's work.
"""
