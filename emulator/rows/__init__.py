"""Rows, one by one and many at once, under `/tablesdb` and, as documents, under `/databases`."""
