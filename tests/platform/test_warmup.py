"""`python -m graphflow warmup` fills the cache with the kernels of typical programs."""

import os

import pytest

from graphflow import warmup
from graphflow.framework.kernel_loader import kernels


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The process's kernel cache, empty."""
    made = kernels("cpu.object_cache").ObjectCache(str(tmp_path / "kernels"))
    native = kernels("cpu.native")
    monkeypatch.setattr(native, "_cache", made)
    monkeypatch.setattr(native, "_functions", {})
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "0")
    return made


def test_fills_the_cache(cache, monkeypatch, capsys):
    monkeypatch.setattr(warmup, "PROGRAMS", {"regression": warmup.PROGRAMS["regression"]})
    warmup.main([])
    count = len(os.listdir(cache.directory))
    said = capsys.readouterr().out
    assert count > 3 and said.startswith("regression ...\n")
    assert f"{count} compiled kernels in {cache.directory}" in said


def test_says_what_it_takes(cache, monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="usage"):
        warmup.main(["now"])
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    nowhere = kernels("cpu.object_cache").ObjectCache(str(blocked / "kernels"))
    monkeypatch.setattr(kernels("cpu.native"), "_cache", nowhere)
    with pytest.raises(SystemExit, match="GRAPHFLOW_CACHE_DIR"):
        warmup.main([])


@pytest.mark.slow
@pytest.mark.parametrize("make", warmup.PROGRAMS.values(), ids=warmup.PROGRAMS)
def test_programs_run(make):
    warmup.warm_up(make)
