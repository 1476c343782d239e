"""Storage: buckets, and the files in them.

Contents lie under `storage/` in the data folder, named after the numbers of the bucket's and the file's row.
A content is on the disk before its row is committed, and goes only after its row has gone.
"""
