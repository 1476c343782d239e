"""A local Appwrite: the REST API, storage, functions and realtime of one project over one SQLite file."""
