"""The routes, rows and error types of storage."""

from __future__ import annotations

from emulator.core.errors import register_types
from emulator.core.params import Param, any_value, boolean, custom_id, integer, list_of, one_of, text, uid
from emulator.core.routing import Route
from emulator.permissions import row_permissions, table_permissions
from emulator.queries.listing import entity_queries
from emulator.queries.parse import SEARCH, TOTAL
from emulator.storage import buckets, content, files
from emulator.storage.upload import create_file

register_types(
    {
        "storage_bucket_not_found": 404,
        "storage_bucket_already_exists": 409,
        "storage_file_not_found": 404,
        "storage_file_already_exists": 409,
        "storage_file_empty": 400,
        "storage_file_type_unsupported": 400,
        "storage_invalid_file_size": 400,
        "storage_invalid_content_range": 400,
        "storage_invalid_appwrite_id": 400,
        "storage_invalid_range": 416,
    }
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  permissions TEXT NOT NULL,
  name TEXT NOT NULL,
  file_security INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  maximum_file_size INTEGER NOT NULL,
  allowed_extensions TEXT NOT NULL,
  compression TEXT NOT NULL,
  encryption INTEGER NOT NULL,
  antivirus INTEGER NOT NULL,
  transformations INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL COLLATE NOCASE,
  bucket INTEGER NOT NULL REFERENCES buckets (seq) ON DELETE CASCADE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  permissions TEXT NOT NULL,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  chunks_total INTEGER NOT NULL,
  chunks_uploaded INTEGER NOT NULL DEFAULT 0,
  signature TEXT NOT NULL DEFAULT '',
  mime_type TEXT NOT NULL DEFAULT '',
  encryption INTEGER NOT NULL DEFAULT 0,
  compression TEXT NOT NULL DEFAULT '',
  UNIQUE (bucket, id)
)
"""

_BUCKET = Param("bucketId", uid, required=True)
_FILE = (_BUCKET, Param("fileId", uid, required=True))
_SETTINGS = (
    Param("name", text(128), required=True),
    Param("permissions", table_permissions),
    Param("fileSecurity", boolean, default=False),
    Param("enabled", boolean, default=True),
    Param("maximumFileSize", integer(1, buckets.LARGEST_FILE), default=buckets.LARGEST_FILE),
    Param("allowedFileExtensions", list_of(text(64), 100), default=[]),
    Param("compression", one_of("none", "gzip", "zstd"), default="none"),
    Param("encryption", boolean, default=True),
    Param("antivirus", boolean, default=True),
    Param("transformations", boolean, default=True),
)
_CONTENT = (*_FILE, Param("token", text(512, 0)))
_BUCKETS = "/storage/buckets"
_ONE = _BUCKETS + "/{bucketId}"
_FILES = _ONE + "/files"
_ONE_FILE = _FILES + "/{fileId}"

ROUTES = (
    Route("POST", _BUCKETS, buckets.create_bucket, "buckets.write",
          (Param("bucketId", custom_id, required=True), *_SETTINGS)),
    Route("GET", _BUCKETS, buckets.list_buckets, "buckets.read",
          (entity_queries(buckets.FIELDS), SEARCH, TOTAL)),
    Route("GET", _ONE, buckets.get_bucket, "buckets.read", (_BUCKET,)),
    Route("PUT", _ONE, buckets.update_bucket, "buckets.write", (_BUCKET, *_SETTINGS)),
    Route("DELETE", _ONE, buckets.delete_bucket, "buckets.write", (_BUCKET,)),
    Route("POST", _FILES, create_file, "files.write",
          (_BUCKET, Param("fileId", custom_id, required=True), Param("file", any_value),
           Param("permissions", row_permissions))),
    Route("GET", _FILES, files.list_files, "files.read",
          (_BUCKET, entity_queries(files.FIELDS), SEARCH, TOTAL)),
    Route("GET", _ONE_FILE, files.get_file, "files.read", _FILE),
    Route("PUT", _ONE_FILE, files.update_file, "files.write",
          (*_FILE, Param("name", text(128)), Param("permissions", row_permissions))),
    Route("DELETE", _ONE_FILE, files.delete_file, "files.write", _FILE),
    Route("GET", _ONE_FILE + "/view", content.view_file, "files.read", _CONTENT),
    Route("GET", _ONE_FILE + "/download", content.download_file, "files.read", _CONTENT),
    Route("GET", _ONE_FILE + "/preview", content.preview_file, "files.read", _CONTENT),
)  # fmt: skip
