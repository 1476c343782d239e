"""Looking at bookings: one's own or, for administrators, anybody's."""
