"""Who is who: API keys of staff and machines; customers and sessions join them later."""
