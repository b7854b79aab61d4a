"""Fetches one file of a data set into a folder, whole or not at all.

A download goes to a temporary name beside its target, is checked, and only then takes the target's
name, so that an interrupted one never passes for data. Knows nothing of what is in the files; holds
no state.
"""

import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import uuid
import zlib

from graphflow.framework.api import tf_export

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 30


@tf_export("contrib.learn.datasets.base.maybe_download")
def maybe_download(filename, work_directory, source_url, sha256=None):
    """The path of `filename` in `work_directory`, downloaded from `source_url` if it is not there.

    Args:
      filename: name the file has, or gets, in the folder.
      work_directory: the folder; made if it does not exist.
      source_url: address of the file itself.
      sha256: hexadecimal sum that the *content* of a download must have (a `.gz` is summed
        uncompressed, because copies of one file compressed twice differ). None: no such check.

    Raises:
      OSError: the file is missing and could not be downloaded whole.
      ValueError: what came is damaged or has another checksum.
    """
    os.makedirs(work_directory, exist_ok=True)
    path = os.path.join(work_directory, filename)
    if os.path.exists(path):
        return path
    part = f"{path}.{uuid.uuid4().hex}.part"
    try:
        size = _download(source_url, part, path)
        if sha256 is not None:
            _check(part, filename, source_url, sha256)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)
    print("Successfully downloaded", filename, size, "bytes.")
    return path


def _download(url, part, path):
    """Writes what `url` serves to `part`, with a progress bar; returns the number of bytes."""
    from tqdm import tqdm

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
            # Handlers that a program installs for `urlopen` may answer with plain files.
            total = getattr(response, "headers", {}).get("Content-Length")
            total = int(total) if total else None
            with (open(part, "xb") as out,
                  tqdm(total=total, unit="B", unit_scale=True, desc=os.path.basename(path)) as bar):
                while chunk := response.read(_CHUNK):
                    out.write(chunk)
                    bar.update(len(chunk))
                size = out.tell()
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as e:
        raise OSError(_how_to_get(url, path, str(e))) from e
    if total is not None and size != total:
        raise OSError(_how_to_get(url, path, f"the connection ended after {size} of {total} bytes"))
    return size


def _how_to_get(url, path, reason):
    """What to tell a user whose machine cannot reach `url`."""
    folder, filename = os.path.split(os.path.abspath(path))
    return (f"{filename} is not in {folder} and could not be downloaded from {url}: {reason}. "
            f"Download it on a machine that can reach the network, and put it at {path}")


def _check(part, filename, url, sha256):
    """Raises ValueError unless the content of `part` has the checksum."""
    found = hashlib.sha256()
    opener = gzip.open if filename.endswith(".gz") else open
    try:
        with opener(part, "rb") as content:
            while chunk := content.read(_CHUNK):
                found.update(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as e:
        raise ValueError(f"{filename} as downloaded from {url} is damaged: {e}") from e
    if found.hexdigest() != sha256:
        raise ValueError(f"{filename} as downloaded from {url} is not the file expected: the "
                         f"SHA-256 of its content is {found.hexdigest()}, not {sha256}")
