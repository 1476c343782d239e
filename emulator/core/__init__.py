"""What every area of the API stands on: requests, routes, errors, the store, callers and events."""
