"""Bring the server's jars into a cache that all homes share, each checked by size and SHA-256.

A jar is downloaded beside the cache and moved into it only when it is whole, so that a cut download leaves nothing
half there, and the next install goes on where this one stopped.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import psutil

from spikegraph.errors import ServerError
from spikegraph.logs import Advance, get_logger, progress
from spikegraph.server.jars import Jar, LockFile

Fetch = Callable[[Jar, Path], Path]
"""Downloads a jar below the folder and gives its path. Whatever it raises counts as a failed download."""

THREADS = 16
ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before the second attempt at a jar; twice that before the third."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
PARTIAL = "partial-"
RESUME_HINT = "run `spikegraph server install` again: it goes on where this one stopped"

log = get_logger(__name__)


def fetch_with_jgo(jar: Jar, folder: Path) -> Path:
    """Download a jar from the public repository of Java libraries, below `folder`."""
    from spikegraph.server.download import download

    return download(jar, folder)


def fill_cache(
    lock: LockFile, cache: Path, *, fetch: Fetch = fetch_with_jgo, threads: int = THREADS, pause: float = PAUSE
) -> int:
    """See to it that the cache holds every jar of the lock file, whole; fetch those that it does not.

    Args:
        lock: what is to be there.
        cache: the folder of this version; made where it is not there.
        fetch: how a jar is downloaded.
        threads: downloads at a time.
        pause: seconds before a failed download is tried again.

    Returns:
        the number of jars that were fetched.

    Raises:
        ServerError: a download was cut, a file's hash is wrong, or the disk is full. What came whole is kept.
    """
    with disk_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        _clean_partial(cache)
        with ThreadPoolExecutor(threads) as pool:
            intact = list(pool.map(lambda jar: jar.is_intact(cache / jar.file_name), lock.jars))
        missing = [jar for jar, whole in zip(lock.jars, intact, strict=True) if not whole]
        if missing:
            _require_space(sum(jar.size for jar in missing), cache)
            _fetch_all(missing, cache, fetch, threads, pause)
    return len(missing)


def link_jars(lock: LockFile, cache: Path, home: Path) -> None:
    """Put the jars into `lib` and `plugins` of a home: as hard links, or as copies on another file system."""
    with disk_errors(home):
        for jar in lock.jars:
            target = home / jar.place / jar.file_name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(cache / jar.file_name, target)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that cannot be written to, into a ServerError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise disk_full(folder) from error
        if error.errno in NOT_WRITABLE:
            hint = "choose another folder: --set server.home=… --set server.cache=…"
            raise ServerError("this folder cannot be written to", where=str(folder), hint=hint) from error
        raise


def disk_full(folder: Path, needed: int | None = None) -> ServerError:
    """Say that the disk of a folder is full; `needed` in bytes where it is known."""
    more = f": {needed / 1e6:.0f} MB are needed" if needed else ""
    hint = "make room, or choose another disk: --set server.home=… --set server.cache=…"
    return ServerError(f"the disk is full{more}", where=str(folder), hint=hint)


def _fetch_all(missing: Sequence[Jar], cache: Path, fetch: Fetch, threads: int, pause: float) -> None:
    megabytes = sum(jar.size for jar in missing) / 1e6
    log.info("fetching the server", jars=len(missing), megabytes=round(megabytes))
    with (
        tempfile.TemporaryDirectory(prefix=f"{PARTIAL}{os.getpid()}-", dir=cache) as partial,
        progress(f"fetching Neo4j ({megabytes:.0f} MB)", len(missing)) as advance,
        ThreadPoolExecutor(threads) as pool,
    ):
        jobs = [pool.submit(_fetch_one, jar, cache, Path(partial), fetch, advance, pause) for jar in missing]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        _raise_first(jobs, missing)


def _raise_first(jobs: Sequence[Future[None]], missing: Sequence[Jar]) -> None:
    done = sum(not job.cancelled() and job.exception() is None for job in jobs)
    for job, jar in zip(jobs, missing, strict=True):
        error = None if job.cancelled() else job.exception()
        if isinstance(error, ServerError) or _is_of_the_disk(error):
            raise error
        if error is not None:
            # The words of the error itself name the repository's host: only its kind is told.
            reason = f"could not be downloaded ({type(error).__name__}); {done} of {len(missing)} jars came"
            raise ServerError(reason, where=jar.coordinates, hint=f"check the network, then {RESUME_HINT}") from None


def _fetch_one(jar: Jar, cache: Path, partial: Path, fetch: Fetch, advance: Advance, pause: float) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            file = fetch(jar, partial / f"{jar.sha256[:16]}-{attempt}")
            _check(jar, file)
            break
        except Exception as error:
            if attempt == ATTEMPTS or _is_of_the_disk(error):
                raise
            log.debug("download failed, trying again", jar=jar.coordinates, attempt=attempt)
            time.sleep(pause * attempt)
    _make_read_only(file)
    file.replace(cache / jar.file_name)
    advance(1)


def _is_of_the_disk(error: BaseException | None) -> TypeGuard[OSError]:
    return isinstance(error, OSError) and error.errno in {*DISK_FULL, *NOT_WRITABLE}


def _check(jar: Jar, file: Path) -> None:
    size = file.stat().st_size
    if size != jar.size:
        raise ServerError(f"the download was cut: {size} of {jar.size} bytes", where=jar.coordinates, hint=RESUME_HINT)
    if not jar.is_intact(file):
        hint = "somebody between here and the repository changed it: use another network, then install again"
        raise ServerError(
            "its SHA-256 is not the one of the lock file; it was not kept", where=jar.coordinates, hint=hint
        )


def _make_read_only(file: Path) -> None:
    if os.name == "posix":
        file.chmod(0o444)


def _require_space(needed: int, folder: Path) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise disk_full(folder, needed)


def _clean_partial(cache: Path) -> None:
    """Remove what installs that were killed have left; one that still runs keeps its own."""
    for folder in cache.glob(f"{PARTIAL}*"):
        pid = folder.name.removeprefix(PARTIAL).split("-")[0]
        if not (pid.isdigit() and _is_alive(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _link(source: Path, target: Path) -> None:
    """Replace the target in one step, so that a kill leaves the old file or the new one."""
    if target.exists() and target.samefile(source):
        return
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        shutil.copyfile(source, fresh)
        _make_read_only(fresh)
    fresh.replace(target)
