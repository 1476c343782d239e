"""Users as the server manages them, and what their sessions and messages hang on."""
