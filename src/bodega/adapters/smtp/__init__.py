"""Letters by way of a mail server. Nothing here may decide what stands in them, or to whom they go."""
