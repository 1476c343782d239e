"""What only the local server has: its request log, faults on demand, the clock, the outbox, test payments."""
