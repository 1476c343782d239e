"""Ticket booking on Appwrite: domain, saga, use cases and adapters."""
