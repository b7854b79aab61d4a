"""Training programs that TensorFlow and GraphFlow both run: what the golden file is about.

Every program takes the library as `tf` and returns plain data. `tools/golden/record_optimizers.py`
runs them with TensorFlow, the tests of this folder with GraphFlow. Holds no state.
"""

import numpy as np

STEPS = 5

OPTIMIZERS = {
    "gradient_descent": lambda t, step: t.GradientDescentOptimizer(0.1),
    "momentum": lambda t, step: t.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda t, step: t.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adagrad": lambda t, step: t.AdagradOptimizer(0.2, 0.3),
    "adagrad_da": lambda t, step: t.AdagradDAOptimizer(0.2, step),
    "adagrad_da_l1": lambda t, step: t.AdagradDAOptimizer(
        0.2, step, l1_regularization_strength=0.02, l2_regularization_strength=0.1),
    "adadelta": lambda t, step: t.AdadeltaOptimizer(0.5, 0.9, 1e-3),
    "rmsprop": lambda t, step: t.RMSPropOptimizer(0.01, 0.8, 0.5, 1e-4),
    "rmsprop_centered": lambda t, step: t.RMSPropOptimizer(0.01, 0.8, 0.5, 1e-4, centered=True),
    "adam": lambda t, step: t.AdamOptimizer(0.05),
    "adam_named": lambda t, step: t.AdamOptimizer(0.05, 0.8, 0.9, 1e-4, name="Mine"),
    "ftrl": lambda t, step: t.FtrlOptimizer(0.3, l1_regularization_strength=0.05,
                                            l2_regularization_strength=0.01),
    "ftrl_power": lambda t, step: t.FtrlOptimizer(0.3, learning_rate_power=-0.7,
                                                  accum_name="acc", linear_name="lin"),
    "ftrl_v2": lambda t, step: t.FtrlOptimizer(0.3, l2_shrinkage_regularization_strength=0.1),
    "proximal_gradient_descent": lambda t, step: t.ProximalGradientDescentOptimizer(0.1),
    "proximal_gradient_descent_l1": lambda t, step: t.ProximalGradientDescentOptimizer(
        0.1, l1_regularization_strength=0.3, l2_regularization_strength=0.1),
    "proximal_adagrad": lambda t, step: t.ProximalAdagradOptimizer(0.1),
    "proximal_adagrad_l1": lambda t, step: t.ProximalAdagradOptimizer(
        0.1, l1_regularization_strength=0.3, l2_regularization_strength=0.1),
}
# TensorFlow's own cannot take other variables than float32 ones here: it forgets a cast.
FLOAT32_ONLY = {"proximal_gradient_descent", "proximal_gradient_descent_l1", "proximal_adagrad",
                "proximal_adagrad_l1"}


def optimizer_cases():
    """(optimizer, dtype, kind of gradient, kind of variable) of every recorded program."""
    for name in OPTIMIZERS:
        for dtype in ("float32", "float64"):
            if dtype == "float64" and name in FLOAT32_ONLY:
                continue
            for kind in ("dense", "sparse"):
                yield name, dtype, kind, "ref"
        yield name, "float32", "dense", "resource"
        yield name, "float32", "sparse", "resource"


def _ops(graph):
    return [[op.name, op.type, [tensor.name for tensor in op.inputs],
             sorted(control.name for control in op.control_inputs)]
            for op in graph.get_operations()]


def train(tf, name, dtype, kind, variables):
    """Five steps of an optimizer: values, and names of everything it has made."""
    draw = np.random.RandomState(7)
    with tf.Graph().as_default() as graph:
        resource = variables == "resource"
        w = tf.Variable(draw.randn(4, 3).astype(dtype), name="W", use_resource=resource)
        b = tf.Variable(draw.randn(3).astype(dtype), name="scope/b", use_resource=resource)
        step = tf.Variable(0, dtype=tf.int64, trainable=False, name="global_step",
                           use_resource=resource)
        shape = [4, 3] if kind == "dense" else [3, 3]
        gw = tf.placeholder(dtype, shape, name="gw")
        gb = tf.placeholder(dtype, [3], name="gb")
        grad = gw
        if kind == "sparse":
            grad = tf.IndexedSlices(gw, tf.constant([2, 0, 2], name="rows"))
        optimizer = OPTIMIZERS[name](tf.train, step)
        op = optimizer.apply_gradients([(grad, w), (gb, b)], global_step=step)
        made = tf.global_variables()
        with tf.Session() as session:
            session.run([v.initializer for v in made])
            for _ in range(STEPS):
                session.run(op, {gw: draw.randn(*shape), gb: draw.randn(3)})
            values = {v.op.name: value.tolist() for v, value in zip(made, session.run(made))}
        return {
            "values": values,
            "variables": [v.name for v in made],
            "trainable": [v.name for v in tf.trainable_variables()],
            "slots": {slot: [optimizer.get_slot(v, slot).name for v in (w, b)]
                      for slot in optimizer.get_slot_names()},
            "optimizer_variables": [v.name for v in optimizer.variables()],
            "train_op": [op.name, [item.name for item in tf.get_collection("train_op")]],
            "ops": _ops(graph) if not resource else [],
        }


MINIMIZED = {
    "dense": {},
    "gate_none": {"gate_gradients": 0},
    "gate_graph": {"gate_gradients": 2},
    "colocated": {"colocate_gradients_with_ops": True},
    "named": {"name": "step"},
}


def minimize(tf, case, sparse=False):
    """Momentum on a least squares loss through `minimize`: losses and the operation's name."""
    draw = np.random.RandomState(3)
    with tf.Graph().as_default():
        w = tf.Variable(draw.randn(4, 2).astype(np.float32), name="W")
        b = tf.Variable(np.zeros(2, np.float32), name="b")
        x = tf.constant(draw.randn(5, 4).astype(np.float32))
        y = tf.gather(w, [0, 3, 0]) * 2.0 if sparse else tf.matmul(x, w)
        loss = tf.reduce_sum(tf.square(y + b - 1.0))
        step = tf.train.get_or_create_global_step()
        op = tf.train.MomentumOptimizer(0.01, 0.5).minimize(loss, global_step=step,
                                                            **MINIMIZED[case])
        losses = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(4):
                session.run(op)
                losses.append(float(session.run(loss)))
            count = tf.train.global_step(session, step)
        return {"losses": losses, "op": op.name, "global_step": count, "step": step.name}


def scoped(tf):
    """Optimizers made in scopes and under control dependencies: the nodes of the graph."""
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("outer"):
            w = tf.get_variable("w", initializer=tf.constant([1.0, 2.0]))
            grad = tf.constant([0.5, 0.25], name="grad")
            with tf.name_scope("inner"), tf.control_dependencies([grad]):
                tf.train.AdamOptimizer().apply_gradients([(grad, w)])
        tf.train.AdamOptimizer().apply_gradients([(grad, w)])
        with tf.variable_scope("outer", reuse=tf.AUTO_REUSE):
            tf.train.MomentumOptimizer(0.1, 0.9).apply_gradients([(grad, w)], name="again")
        with tf.variable_scope("cut", partitioner=tf.fixed_size_partitioner(2)):
            tf.train.MomentumOptimizer(0.1, 0.9, name="M").apply_gradients([(grad, w)])
        return {"ops": _ops(graph), "variables": [v.name for v in tf.global_variables()]}


DECAYS = {
    "exponential": lambda t, s: t.exponential_decay(0.1, s, 10, 0.5),
    "exponential_stairs": lambda t, s: t.exponential_decay(0.1, s, 10, 0.5, staircase=True),
    "natural_exp": lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5),
    "natural_exp_stairs": lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5, staircase=True),
    "inverse_time": lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5),
    "inverse_time_stairs": lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5, True, "inv"),
    "piecewise": lambda t, s: t.piecewise_constant(s, [5, 15], [1.0, 0.5, 0.1]),
    "polynomial": lambda t, s: t.polynomial_decay(0.1, s, 20),
    "polynomial_power": lambda t, s: t.polynomial_decay(0.1, s, 20, 0.01, 2.0),
    "polynomial_cycle": lambda t, s: t.polynomial_decay(0.1, s, 20, 0.01, 0.5, cycle=True),
    "cosine": lambda t, s: t.cosine_decay(0.1, s, 20),
    "cosine_alpha": lambda t, s: t.cosine_decay(0.1, s, 20, 0.1),
    "restarts": lambda t, s: t.cosine_decay_restarts(0.1, s, 10),
    "restarts_equal": lambda t, s: t.cosine_decay_restarts(0.1, s, 10, 1.0, 0.5, 0.1),
    "linear_cosine": lambda t, s: t.linear_cosine_decay(0.1, s, 20, 2.0, 0.1),
    "noisy_linear_cosine": lambda t, s: t.noisy_linear_cosine_decay(
        0.1, s, 20, initial_variance=0.0),
}
DECAY_STEPS = [0, 1, 5, 6, 10, 15, 19, 20, 25, 37, 100]
# These branch in TensorFlow, so that their nodes are others.
BRANCHING = {"piecewise", "polynomial_cycle", "restarts", "restarts_equal"}


def decay(tf, name):
    """A learning rate at many steps, its name and the nodes it is computed with."""
    with tf.Graph().as_default() as graph:
        step = tf.placeholder(tf.int64, [], name="step")
        rate = DECAYS[name](tf.train, step)
        with tf.Session() as session:
            values = [float(session.run(rate, {step: s})) for s in DECAY_STEPS]
        if name in BRANCHING:
            return {"values": values}
        return {"values": values, "name": rate.name, "ops": _ops(graph)}


AVERAGES = {
    "plain": {"decay": 0.9},
    "counted": {"decay": 0.9, "counted": True},
    "debiased": {"decay": 0.9, "zero_debias": True, "name": "mean"},
}


def average(tf, case):
    """Moving averages of two variables and of a tensor over some steps, and their names."""
    with tf.Graph().as_default():
        v = tf.Variable([1.0, 2.0], name="v")
        u = tf.Variable(np.float64(3.0), name="u", trainable=False)
        count = tf.Variable(0, name="count", trainable=False)
        tensor = tf.multiply(v, 3.0, name="tripled")
        settings = dict(AVERAGES[case])
        if settings.pop("counted", False):
            settings["num_updates"] = count
        ema = tf.train.ExponentialMovingAverage(**settings)
        would_be = ema.average_name(v)
        update = ema.apply([v, u, tensor])
        averages = [ema.average(item) for item in (v, u, tensor)]
        grow = tf.group(tf.assign_add(v, [0.5, -1.0]), tf.assign_add(u, 2.0),
                        tf.assign_add(count, 1))
        history = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(4):
                session.run(grow)
                session.run(update)
                history.append([value.tolist() for value in session.run(averages)])
        restored = ema.variables_to_restore()
        return {
            "history": history,
            "names": [a.name for a in averages],
            "update": [update.name, update.type],
            "would_be": would_be,
            "average_name": ema.average_name(v),
            "none": ema.average(count) is None,
            "restored": {name: var.name for name, var in sorted(restored.items())},
            "collection": [v.name for v in tf.moving_average_variables()],
            "variables": [v.name for v in tf.global_variables()],
        }


def _slices(tf):
    values = tf.constant([[3.0, -4.0], [0.5, 0.25]], name="rows")
    return tf.IndexedSlices(values, tf.constant([1, 0]), tf.constant([5, 2]))


def _tensor(tf):
    return tf.constant([[3.0, -4.0, 0.0], [0.5, 12.0, -0.25]], name="x")


CLIPS = {
    "value": lambda tf: tf.clip_by_value(_tensor(tf), -1.0, 2.0),
    "value_slices": lambda tf: tf.clip_by_value(_slices(tf), -1.0, 2.0),
    "norm": lambda tf: tf.clip_by_norm(_tensor(tf), 2.0),
    "norm_small": lambda tf: tf.clip_by_norm(_tensor(tf), 200.0),
    "norm_axes": lambda tf: tf.clip_by_norm(_tensor(tf), 2.0, axes=[1], name="clip"),
    "norm_zero": lambda tf: tf.clip_by_norm(tf.constant([0.0, 0.0]), 2.0),
    "norm_slices": lambda tf: tf.clip_by_norm(_slices(tf), 2.0),
    "average_norm": lambda tf: tf.clip_by_average_norm(_tensor(tf), 0.5),
    "global": lambda tf: tf.clip_by_global_norm([_tensor(tf), None, _slices(tf)], 3.0),
    "global_small": lambda tf: tf.clip_by_global_norm([_tensor(tf)], 300.0, name="clip"),
    "global_infinite": lambda tf: tf.clip_by_global_norm([tf.constant([1.0, np.inf])], 3.0),
    "global_used": lambda tf: tf.clip_by_global_norm([_tensor(tf)], 3.0, tf.constant(6.0)),
    "global_norm": lambda tf: tf.global_norm([_slices(tf), None, _tensor(tf)]),
}


def clip(tf, name):
    """Clipped values, their names, and the nodes they are computed with."""
    with tf.Graph().as_default() as graph:
        clipped = CLIPS[name](tf)
        if isinstance(clipped, tuple):
            clipped = [*clipped[0], clipped[1]]
        clipped = clipped if isinstance(clipped, list) else [clipped]
        kinds = [type(item).__name__ for item in clipped]
        tensors = [item.values if isinstance(item, tf.IndexedSlices) else item
                   for item in clipped if item is not None]
        with tf.Session() as session:
            values = [value.tolist() for value in session.run(tensors)]
        return {"values": values, "names": [t.name for t in tensors],
                "kinds": ["Tensor" if "Tensor" in kind else kind for kind in kinds],
                "ops": _ops(graph)}


# ---------------------------------------------------------------- single ops

COEFFICIENTS = {
    "lr": 0.1, "alpha": 0.2, "l1": 0.05, "l2": 0.03, "rho": 0.9, "epsilon": 1e-3, "momentum": 0.8,
    "lr_power": -0.5, "l2_shrinkage": 0.02, "beta1_power": 0.81, "beta2_power": 0.98, "beta1": 0.9,
    "beta2": 0.99, "sign_decay": 0.7, "beta": 0.9, "logbase": 1.1,
}
POSITIVE = {"accum", "accum_update", "ms", "v", "vhat", "gradient_squared_accumulator"}
RULES = [
    "GradientDescent", "ProximalGradientDescent", "Adadelta", "Adagrad", "AdagradV2",
    "ProximalAdagrad", "AdagradDA", "Ftrl", "FtrlV2", "Momentum", "Adam", "AdaMax", "RMSProp",
    "CenteredRMSProp", "AddSign", "PowerSign",
]
DENSE_ONLY = {"GradientDescent", "Adam", "AdaMax", "AddSign", "PowerSign"}
FLAGS = {"Adagrad": {"update_slots": False}, "AdagradV2": {"update_slots": False},
         "Momentum": {"use_nesterov": True}, "Adam": {"use_nesterov": True}}


def op_cases():
    """(op type, flags) of every update op that is recorded."""
    for rule in RULES:
        for form in ("Apply",) if rule in DENSE_ONLY else ("Apply", "SparseApply"):
            yield form + rule, {}
            if rule in FLAGS:
                yield form + rule, FLAGS[rule]
    yield "ResourceApplyAdamWithAmsgrad", {}
    for form in ("ResourceApply", "ResourceSparseApply"):
        for nesterov in (False, True):
            yield form + "KerasMomentum", {"use_nesterov": nesterov}


def op_inputs(arg_names, states, dtype, sparse):
    """Arrays for the inputs of an update op, by name."""
    draw = np.random.RandomState(11)
    result = {}
    for i, name in enumerate(arg_names):
        if i < states:
            value = draw.randn(4, 3)
            result[name] = (np.abs(value) + 1.0 if name in POSITIVE else value).astype(dtype)
        elif name == "indices":
            result[name] = np.array([3, 0, 3], np.int32)
        elif name == "global_step":
            result[name] = np.int64(4)
        elif name in ("grad", "delta"):
            result[name] = draw.randn(3 if sparse else 4, 3).astype(dtype)
        else:
            result[name] = np.asarray(COEFFICIENTS[name], dtype)
    return result
