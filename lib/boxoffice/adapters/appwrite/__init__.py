"""Appwrite, through its official SDK. Nothing outside this package knows the SDK."""
