"""Who has which unit of what."""
