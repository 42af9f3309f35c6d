"""A file as an object in S3: in parts, several at once, given up as a whole when it is stopped."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nixtui.aws.session import Session, explained

PART = 64 * 1024**2
"""Ten thousand parts are the most: 625 GiB."""

_AT_ONCE = 8


class Stopped(Exception):
    """Somebody asked to stop; S3 was told to forget the parts."""


def send_object(
    session: Session,
    region: str,
    path: Path,
    place: tuple[str, str],
    *,
    metadata: dict[str, str],
    told: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Send `path` to `place` (bucket and key). Blocking; `told` hears of bytes as they go, from other threads.

    Raises `AwsError`, `OSError` and `Stopped`.
    """
    from boto3.s3.transfer import TransferConfig
    from s3transfer.manager import TransferManager
    from s3transfer.subscribers import BaseSubscriber

    class Listener(BaseSubscriber):  # type: ignore[misc]  # s3transfer has no types
        def on_progress(self, bytes_transferred: int, **_: Any) -> None:
            if stop.is_set():
                raise Stopped
            told(bytes_transferred)

    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=_AT_ONCE)
    bucket, key = place
    kept: Exception | None = None
    with explained("s3:PutObject", region, session.profile):
        client = session.client("s3", region)
        with TransferManager(client, config) as manager:
            future = manager.upload(str(path), bucket, key, {"Metadata": metadata}, [Listener()])
            try:
                future.result()
            except (Stopped, OSError) as error:  # not of AWS
                kept = error
    if kept is not None:
        raise kept
