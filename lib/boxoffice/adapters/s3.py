"""An archive in an S3 bucket whose objects are written once.

`boto3` takes a third of a second to import and is only installed where an archive is wanted, so it is loaded
by the first call.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal
from boxoffice.saga.timing import TimeBudget
from boxoffice.settings import ArchiveSettings

_PREFIX = "rollback-reports/"
_CONNECT_SECONDS, _READ_SECONDS = 2.0, 4.0


@cache
def _client(settings: ArchiveSettings) -> Any:
    """A client that gives up early; threads may share it."""
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint or None,
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=config,
    )


class S3Archive:
    """The port `Archive`, for one execution."""

    def __init__(self, settings: ArchiveSettings, threads: Threads, budget: TimeBudget) -> None:
        self._settings = settings
        self._threads = threads
        self._budget = budget

    async def put_once(self, name: str, content: bytes) -> None:
        """See `Archive.put_once`."""
        await self._call(
            lambda s3, place: s3.put_object(
                **place, Key=_PREFIX + name, Body=content, ContentType="application/json", IfNoneMatch="*"
            ),
            unless="PreconditionFailed",
        )

    async def names(self, limit: int) -> Sequence[str]:
        """See `Archive.names`."""
        page = await self._call(lambda s3, place: s3.list_objects_v2(**place, Prefix=_PREFIX, MaxKeys=limit))
        return [entry["Key"].removeprefix(_PREFIX) for entry in page.get("Contents", [])]

    async def get(self, name: str) -> bytes | None:
        """See `Archive.get`."""
        content: bytes | None = await self._call(
            lambda s3, place: s3.get_object(**place, Key=_PREFIX + name)["Body"].read(), unless="NoSuchKey"
        )
        return content

    async def delete(self, name: str) -> None:
        """See `Archive.delete`."""
        await self._call(lambda s3, place: s3.delete_object(**place, Key=_PREFIX + name))

    async def _call(self, call: Callable[[Any, dict[str, str]], Any], unless: str = "") -> Any:
        """What `call` returns, given a client and the bucket; `None` when it is refused with `unless`."""

        def work() -> Any:
            s3 = _client(self._settings)
            try:
                return call(s3, {"Bucket": self._settings.bucket})
            except s3.exceptions.ClientError as error:
                if error.response.get("Error", {}).get("Code") == unless:
                    return None
                raise Fatal(Code.SERVICE_UNAVAILABLE) from error

        try:
            return await self._threads.run(work, self._budget)
        except BoxofficeError:
            raise
        except Exception as error:
            # Not connected, timed out, or not even installed: the SDK has no type for them all.
            raise Ambiguous(Code.SERVICE_UNAVAILABLE) from error
