"""Tickets that are given back: registered, decided once, and then finished by whoever finds them."""
