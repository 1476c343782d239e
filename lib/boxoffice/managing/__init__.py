"""What administrators do with units: take them off the market, and move bookings to others."""
