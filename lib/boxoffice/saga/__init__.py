"""All or nothing, from steps that can each be undone. Knows nothing of tickets."""
