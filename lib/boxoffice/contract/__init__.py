"""What clients send and get, as models from which the published schemas are made."""
