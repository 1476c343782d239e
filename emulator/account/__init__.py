"""The signed-in user: registering, signing in and out, changing oneself."""
