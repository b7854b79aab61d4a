"""Every public function and method has TensorFlow 1.15's argument names, order and defaults."""

from tests.api import exceptions
from tests.api.signatures import difference, ours, recorded


def test_signatures():
    problems, unused = [], set(exceptions.REASONS)
    for path, specification in recorded().items():
        function = ours(path)
        if function is None:
            continue
        found = difference(function, specification)
        if found and path in exceptions.REASONS:
            unused.discard(path)
        elif found:
            problems.append(f"tf.{path}: {found}")
    assert not problems, f"{len(problems)} signatures differ:\n" + "\n".join(problems)
    assert not unused, f"these differ no more: {sorted(unused)}"
