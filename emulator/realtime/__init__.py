"""Realtime: what was committed, told over WebSockets to those who asked for it and may read it."""
