"""What the gateway tells by webhook, and what is done about it."""
