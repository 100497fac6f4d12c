"""Who is who: customers with their sessions and what is sealed about them, API keys of staff and machines."""
