"""Records the signatures of TensorFlow 1.15's public functions and methods.

    python tools/golden/record_signatures.py tf1_api_signatures.tsv

The table has one line per symbol: name, kind and argument specification as text. Writes
tests/golden/signatures.json.gz: {symbol: [arguments, *args, **kwargs, defaults]}, defaults as text.
Leaves out what GraphFlow does not promise: Keras, Lite, distribution strategies, raw ops by position.
"""

import ast
import csv
import gzip
import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "tests/golden/signatures.json.gz"
LEFT_OUT = re.compile(r"tf\.(keras|lite|distribute|raw_ops|compat|tpu|xla|autograph|app\.flags|flags|test\.StubOut|"
                      r"experimental|config|mixed_precision|quantization|ragged|linalg\.LinearOperator)\b")
SPECIFICATION = re.compile(r"args=(\[.*?\]), varargs=(\S+), keywords=(\S+), defaults=(None|\[.*\])", re.DOTALL)


def main():
    recorded = {}
    csv.field_size_limit(1 << 30)
    with open(sys.argv[1], newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            symbol, kind, text = row["symbol"], row["kind"], (row["argspec_or_type"] or "").replace("\\\"", "\"")
            if kind not in ("function", "method") or LEFT_OUT.match(symbol):
                continue
            name = symbol.rpartition(".")[2]
            found = SPECIFICATION.search(text)
            if found is None or (name.startswith("_") and name != "__init__"):
                continue
            arguments, varargs, keywords, defaults = found.groups()
            recorded[symbol[3:]] = [
                ast.literal_eval(arguments), varargs.strip("'"), keywords.strip("'"),
                [] if defaults == "None" else ast.literal_eval(defaults)]
    data = json.dumps(recorded, sort_keys=True, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(data, mtime=0))
    print(f"{len(recorded)} signatures, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
