"""Programs that draw by seeds alone, run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""


def results(tf):
    """Name -> array."""
    r = tf.random
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = {
            "uniform": r.stateless_uniform([3, 5], [7, 9]), "wide seed": r.stateless_uniform([4], [2**40 + 3, -5]),
            "range": r.stateless_uniform([6], [1, 2], -3.0, 4.0, tf.float64), "half": r.stateless_uniform(
                [5], [0, 0], dtype=tf.float16), "integers": r.stateless_uniform([20], [3, 4], -5, 100, tf.int32),
            "long integers": r.stateless_uniform([7], [3, 4], 0, 2**50, tf.int64),
            "normal": r.stateless_normal([9], [1, 1], 2.0, 3.0), "normal64": r.stateless_normal(
                [5], tf.constant([1, 1]), dtype=tf.float64),
            "truncated": r.stateless_truncated_normal([11], [5, 6]),
            "classes": r.stateless_categorical([[0.0, 1.0, 2.0], [3.0, 0.0, float("-inf")]], 8, [1, 2]),
            "classes32": r.stateless_multinomial([[0.0, 1.0]], 9, [8, 2], tf.int32)}
        return session.run(fetches)
