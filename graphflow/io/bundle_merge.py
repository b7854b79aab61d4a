"""Joins checkpoints that were written in parts into one. Holds no state."""

import contextlib
import os

from graphflow.framework import errors
from graphflow.io.bundle_format import (
    data_path,
    free_shard_count,
    index_path,
    remove_other_data,
    write_index,
)
from graphflow.io.bundle_reader import BundleReader
from graphflow.io.files import translated_errors


def merge_bundles(prefixes, merged_prefix):
    """Makes one checkpoint of several: their data files become its shards, in that order.

    The data files are moved, not copied, and the old index files are removed. Slices of one tensor
    may be spread over the parts. Raises NotFoundError for a missing part, InvalidArgumentError if
    two parts hold the same name or disagree about a sliced tensor, else what `BundleReader` does.
    """
    entries, moves = {}, []
    for prefix in prefixes:
        reader = BundleReader(prefix)
        for key, entry in reader.entries():
            if not entry.slices:
                entry.shard_id += len(moves)
            _merge_entry(entries, key, entry)
        shards = reader.num_shards
        moves += [data_path(prefix, shard, shards) for shard in range(shards)]
    folder = os.path.dirname(merged_prefix)
    count = len(moves)
    if os.path.exists(index_path(merged_prefix)):
        # The data of the checkpoint that is there stay untouched until the new index replaces its.
        count = free_shard_count(merged_prefix, count)
    placed = [data_path(merged_prefix, number, count) for number in range(len(moves))]
    with translated_errors(merged_prefix):
        if folder:
            os.makedirs(folder, exist_ok=True)
        for source, target in zip(moves, placed, strict=True):
            os.replace(source, target)
    write_index(merged_prefix, entries, shards=count)
    remove_other_data(merged_prefix, set(placed))
    for prefix in prefixes:
        if index_path(prefix) != index_path(merged_prefix):
            with contextlib.suppress(OSError):
                os.remove(index_path(prefix))


def _merge_entry(entries, key, entry):
    known = entries.setdefault(key, entry)
    if known is entry:
        return
    name = key.decode("utf-8", "replace")
    if not (known.slices and entry.slices):
        raise errors.InvalidArgumentError(
            None, None, f"Duplicate tensor keyed by {name} encountered, when merging checkpoints"
        )
    if known.dtype != entry.dtype or known.shape != entry.shape:
        raise errors.InvalidArgumentError(
            None, None, f"Ill-formed checkpoints: they disagree about the dtype or shape of {name}"
        )
    known.slices.extend(entry.slices)
