"""Nobody is at work on it any more: bookings are finished or undone by whoever finds them."""
