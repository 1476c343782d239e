"""Conflicts are counted: which kind, how they ended, and which units everybody wants."""
