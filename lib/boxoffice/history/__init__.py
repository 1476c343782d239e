"""Who did what, when and why: every change of a booking or of money is one entry of the log."""
