"""The rules of selling tickets: no input or output, no clock, no randomness."""
