"""Queries such as `{"method":"equal","attribute":"name","values":["Ada"]}`: read, checked, and run as SQL.

`parse` reads the texts, `plan` checks them against the fields of what is listed, `sql` writes the conditions,
`listing` runs them. Lists of anything but rows only need `listing.list_entities`.
"""
