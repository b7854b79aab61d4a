"""Programs on strings that run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import numpy as np

WORDS = ["", "a", "ab c", " abc  d ", "12345678", "x" * 17, "längeres Wort mit ü", "y" * 33 + "z", "0123456789" * 7,
         "w" * 64, "v" * 65, "u" * 128, "t" * 200]


def results(tf):
    """Name -> nested lists of bytes (as text), numbers or truth values."""
    with tf.Graph().as_default(), tf.Session() as session:
        return {name: _plain(np.asarray(session.run(value)).tolist()) for name, value in _fetches(tf).items()}


def _plain(value):
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _fetches(tf):
    s, words = tf.strings, tf.constant(WORDS)
    fetches = {"murmur": tf.string_to_hash_bucket(words, 10**12), "farm": tf.string_to_hash_bucket_fast(words, 10**12),
               "sip": tf.string_to_hash_bucket_strong(words, 10**12, [17, -5]),
               "length": s.length(words), "characters": s.length(words, unit="UTF8_CHAR"), "strip": s.strip(words),
               "lower": s.lower(["AbÜ", "Ü"]), "upper": s.upper(["abü", "ü"]), "encoded": tf.encode_base64(words),
               "padded": tf.encode_base64(words, pad=True), "decoded": tf.decode_base64(tf.encode_base64(words)),
               "join": tf.reduce_join([["a", "b"], ["c", "d"]], separator="-"),
               "join 0": tf.reduce_join([["a", "b"], ["c", "d"]], 0, keep_dims=True),
               "join 1": tf.reduce_join([["a", "b"], ["c", "d"]], [1, 0]),
               "join 2": tf.reduce_join([["a", "b"], ["c", "d"]], [0, 1]),
               "substr": tf.substr(["hello", "world"], [1, -3], [3, 2]),
               "substr scalar": tf.substr(["hello", "world"], 1, 100),
               "substr characters": s.substr("äöüß", -3, 2, unit="UTF8_CHAR"),
               "replace": s.regex_replace(["aXbX", "ccc", "a\\b"], "[Xc]", "<\\0\\\\>"),
               "replace first": s.regex_replace(["aXbX", "ccc"], "(X)", "[\\1]", replace_global=False),
               "replace tensors": s.regex_replace(["aXbX"], tf.constant("X"), tf.constant("y")),
               "full match": s.regex_full_match(["abc", "ab", "xabc"], "ab.*"),
               "number": tf.string_to_number([" 1.5", "-2e3", "inf", "7 "]),
               "hexadecimal": tf.string_to_number(["0xF", " 0x1p3", "-0x10 "]),
               "empty join": tf.reduce_join(tf.zeros([0, 2], tf.string), 0),
               "join of nothing": tf.reduce_join(tf.zeros([0, 2], tf.string), 1),
               "integer": tf.string_to_number(["12", "-7"], tf.int32)}
    for i, (args, kwargs) in enumerate([
            (([1, -23],), {}), (([1.5, -2.25, 1e10],), {}), (([1.5, -2.25, 1e10],), {"precision": 2}),
            (([1.5, 1e10],), {"scientific": True}), (([1.5, 1e10, 0.1],), {"shortest": True}),
            (([1.5],), {"width": 10, "fill": "0"}), (([5, -5],), {"width": 6, "fill": "-"}), (([True, False],), {}),
            (([1 + 2j],), {"precision": 1}), (([7],), {"width": 4, "fill": "+"})]):
        fetches[f"as_string {i}"] = tf.as_string(*args, **kwargs)
    split = {"split": tf.string_split(["a b  c", "", " d"]), "split all": tf.string_split(["a,b;;c"], ",;", False),
             "split bytes": tf.string_split(["abc", "d"], ""), "split v2": s.split([" a  b ", "", "c"], sep=None),
             "split sep": s.split(["a--b--c", "--", ""], sep="--"), "split limit": s.split(["a b c"], maxsplit=1)}
    for name, value in split.items():
        value = getattr(value, "to_sparse", lambda v=value: v)()
        fetches.update({name + " indices": value.indices, name + " values": value.values,
                        name + " shape": value.dense_shape})
    return fetches
