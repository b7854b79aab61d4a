"""Small programs whose graphs are compared with TensorFlow's.

Each takes the module `tf` (GraphFlow, or tensorflow.compat.v1 in `tools/golden/record_graphs.py`)
and builds ops in the default graph. They import nothing of either.
"""

PROGRAMS = {}


def program(function):
    """Records a program under its name."""
    PROGRAMS[function.__name__] = function
    return function


@program
def names(tf):
    """Uniquified names, nested scopes, re-entered scopes."""
    with tf.name_scope("a"):
        x = tf.constant(1.0)
        with tf.name_scope("b") as scope:
            tf.add(x, x)
            tf.add(x, x)
        with tf.name_scope("b"):
            tf.multiply(x, 2.0, name="m")
    with tf.name_scope("a"):
        tf.identity(x)
    with tf.name_scope(scope):
        tf.identity(x, name="back")
    tf.constant([1, 2], name="a/const")


@program
def operators(tf):
    """Python operators of Tensor."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    y = tf.placeholder(tf.float32, [3], name="y")
    n = tf.placeholder(tf.int32, [2], name="n")
    z = x + y - 1.0
    z = 2.0 * z / x
    z = -z ** 2
    _ = z > y
    _ = x <= 1.0
    _ = (z > 0.0) & (z < 1.0)
    _ = n // 2
    _ = n % 2
    _ = n / 2
    _ = abs(x)
    _ = 1.0 - x


@program
def slicing(tf):
    """Strided slices."""
    x = tf.placeholder(tf.float32, [None, 4, 5], name="x")
    _ = x[0]
    _ = x[:, 1:3]
    _ = x[..., -1]
    _ = x[:, tf.newaxis, ::2]
    _ = tf.shape(x)[0]


@program
def shapes(tf):
    """Ops that change shapes."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    tf.reshape(x, [-1, 2, 3])
    tf.transpose(x)
    tf.expand_dims(x, 1)
    tf.squeeze(tf.expand_dims(x, -1))
    tf.concat([x, x], 1)
    tf.concat([x, x], axis=0, name="rows")
    tf.stack([x, x], axis=1)
    tf.unstack(x, axis=1)
    tf.split(x, [1, 5], axis=1)
    tf.tile(x, [1, 2])
    tf.pad(x, [[0, 0], [1, 1]])
    tf.zeros([2, 3])
    tf.ones_like(x)
    tf.zeros_like(tf.constant([1, 2]))
    tf.fill([2, 2], 7)
    tf.one_hot(tf.constant([0, 2]), 3)
    tf.range(5)
    tf.rank(x)
    tf.size(x)


@program
def reductions(tf):
    """Reductions with and without axes."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    tf.reduce_sum(x)
    tf.reduce_mean(x, axis=1)
    tf.reduce_max(x, axis=[0, 1], keepdims=True)
    tf.reduce_mean(x, name="mean")
    tf.argmax(x, 1)
    tf.cast(tf.equal(tf.argmax(x, 1), 0), tf.float32)


@program
def dense_layer(tf):
    """A layer and its loss, forwards."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    w = tf.Variable(tf.zeros([4, 3]), name="w")
    b = tf.Variable(tf.constant(0.1, shape=[3]), name="b")
    logits = tf.nn.relu(tf.matmul(x, w) + b)
    tf.nn.softmax(logits)
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
    tf.reduce_mean(loss, name="loss")


@program
def variables(tf):
    """Variables, assignments, initialisation."""
    v = tf.Variable(1.0, name="v")
    u = tf.Variable([1, 2], trainable=False, name="u")
    tf.assign(v, 2.0)
    tf.assign_add(u, [1, 1])
    v.assign_sub(0.5)
    _ = v + 1.0
    tf.global_variables_initializer()
    with tf.name_scope("scope"):
        tf.Variable([True], name="w")


@program
def random_variables(tf):
    """Random initial values."""
    tf.set_random_seed(1)
    tf.Variable(tf.truncated_normal([2, 2], stddev=0.1), name="t")
    tf.Variable(tf.random_normal([3]), name="n")
    tf.random_uniform([2], 1, 5, dtype=tf.int32)
    tf.random_shuffle(tf.constant([1, 2, 3]))


@program
def dependencies(tf):
    """Control inputs, groups, tuples."""
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    with tf.control_dependencies([a]):
        c = tf.identity(b, name="c")
        d = tf.add(a, c, name="d")
        with tf.control_dependencies([d]):
            tf.no_op(name="n")
        with tf.control_dependencies(None):
            tf.no_op(name="free")
    tf.group(a, b, name="g")
    tf.group(c.op, d)
    tf.tuple([a, None, b])


@program
def devices(tf):
    """Device and colocation scopes."""
    with tf.device("/cpu:0"):
        a = tf.constant(1.0, name="a")
        with tf.device("/job:w/task:1"):
            tf.identity(a, name="b")
    with tf.get_default_graph().colocate_with(a.op):
        tf.identity(a, name="c")


@program
def gradients_of_chain(tf):
    """Backpropagation through unary ops, and a second call."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    y = tf.exp(tf.tanh(x), name="y")
    tf.gradients(y, x)
    tf.gradients(y, x, name="again")


@program
def gradients_with_sums(tf):
    """Several paths to one tensor; gradients given; gated gradients."""
    x = tf.placeholder(tf.float32, [2, 2], name="x")
    y = tf.placeholder(tf.float32, [2, 2], name="y")
    z = tf.matmul(x, y, name="z")
    u = tf.sigmoid(z, name="u") * z
    tf.gradients(u, [x, y], grad_ys=[tf.ones([2, 2])])
    tf.gradients([u, z], [x, z], name="two")
    tf.gradients(z, [x, y], name="gated", gate_gradients=True)
    tf.gradients(u, x, name="colocated", colocate_gradients_with_ops=True)
    tf.gradients(u, x, name="tree", aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE)


@program
def gradients_of_lookups(tf):
    """IndexedSlices: of one lookup, of two, and of a lookup and a dense use."""
    v = tf.Variable(tf.zeros([5, 2]), name="v")
    i = tf.placeholder(tf.int32, [3], name="i")
    a = tf.gather(v, i, name="a")
    b = tf.gather(v, i, name="b")
    tf.gradients(a, v)
    tf.gradients([a, b], v, name="both")
    tf.gradients([a, tf.identity(v)], v, name="mixed")


@program
def training_step(tf):
    """Gradient descent on a linear model."""
    x = tf.placeholder(tf.float32, [4, 2], name="x")
    y = tf.placeholder(tf.float32, [4, 1], name="y")
    w = tf.Variable(tf.zeros([2, 1]), name="w")
    b = tf.Variable(tf.zeros([1]), name="b")
    error = tf.nn.bias_add(tf.matmul(x, w), b) - y
    loss = tf.reduce_sum(tf.square(error), name="loss")
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)


@program
def adam_step(tf):
    """Adam, with its slots and the global step."""
    w = tf.Variable([1.0, 2.0], name="w")
    step = tf.train.get_or_create_global_step()
    loss = tf.reduce_sum(tf.square(w), name="loss")
    tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)


@program
def variable_scopes(tf):
    """get_variable, reuse, and name scopes opened by variable scopes."""
    for reuse in (False, True):
        with tf.variable_scope("layer", reuse=reuse):
            w = tf.get_variable("w", [2, 2], initializer=tf.zeros_initializer())
            tf.identity(w, name="out")
    with tf.variable_scope("other"):
        tf.get_variable("k", [3], initializer=tf.constant_initializer(0.5))


@program
def convolution(tf):
    """A convolutional layer."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    k = tf.Variable(tf.zeros([3, 3, 1, 2]), name="k")
    h = tf.nn.conv2d(x, k, strides=[1, 1, 1, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, tf.zeros([2])))
    tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
