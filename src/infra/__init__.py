"""The shop's infrastructure as CDK stacks, one file each.

Nothing here may import the shop but `bodega.schema`: what is deployed follows from what is declared, not from what
runs.
"""
