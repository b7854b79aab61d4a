"""Clusters described: ClusterSpec, Server, replica_device_setter. What needs other processes raises."""

import pytest

import graphflow as tf

CLUSTER = {"ps": ["ps0:2222", "ps1:2222"], "worker": ["w0:2222", "w1:2222", "w2:2222"]}


def test_cluster():
    cluster = tf.train.ClusterSpec(CLUSTER)
    assert cluster.as_dict() == CLUSTER and cluster == tf.train.ClusterSpec(cluster.as_cluster_def())
    assert (cluster.jobs, cluster.num_tasks("worker"), cluster.task_indices("ps")) == (["ps", "worker"], 3, [0, 1])
    assert cluster.task_address("worker", 1) == "w1:2222" and cluster.job_tasks("ps") == CLUSTER["ps"]
    assert str(tf.train.ClusterSpec({"a": ["x"]})) == "ClusterSpec({'a': ['x']})"
    assert bool(cluster) and not tf.train.ClusterSpec({})
    gaps = tf.train.ClusterSpec({"a": {1: "x", 3: "y"}, "b": []})
    assert gaps.as_dict() == {"a": {1: "x", 3: "y"}, "b": {}}
    assert gaps.job_tasks("a") == [None, "x", None, "y"]
    with pytest.raises(ValueError, match="No such job in cluster: 'c'"):
        gaps.num_tasks("c")
    with pytest.raises(ValueError, match="No task with index 2 in job 'a'"):
        gaps.task_address("a", 2)


@pytest.mark.parametrize("wrong", [["x"], {"a": "x"}, {1: ["x"]}, {"a": [1]}, None])
def test_no_cluster(wrong):
    with pytest.raises(TypeError):
        tf.train.ClusterSpec(wrong)


def test_server():
    server = tf.train.Server({"worker": ["localhost:0"]}, config=tf.ConfigProto(allow_soft_placement=True))
    message = server.server_def
    assert (message.job_name, message.task_index, message.protocol) == ("worker", 0, "grpc")
    assert message.default_session_config.allow_soft_placement
    assert tf.train.Server(message).server_def == message
    x = tf.constant(3.0)
    with tf.Session(server.target) as sess:
        assert sess.run(x) == 3.0
    with pytest.raises(ValueError, match="was not defined in cluster"):
        tf.train.Server(CLUSTER, job_name="worker", task_index=7)
    with pytest.raises(ValueError, match="explicit `job_name`"):
        tf.train.Server(CLUSTER)
    with pytest.raises(ValueError, match="explicit `task_index`"):
        tf.train.Server(CLUSTER, job_name="ps")
    with pytest.raises(TypeError, match="Could not convert"):
        tf.train.Server(5)


def test_sessions_of_a_cluster_share_variables():
    """Both of them and whatever target: variables live on servers, which stay."""
    addresses = {"ps": ["127.0.0.1:2221"], "worker": ["127.0.0.1:2223", "127.0.0.1:2224"]}
    servers = [tf.train.Server(addresses, job, index) for job, index in (("ps", 0), ("worker", 0))]
    with pytest.raises(tf.errors.UnimplementedError, match="without a server in this process: /job:worker/task:1"):
        tf.Session(servers[0].target)
    servers.append(tf.train.Server(addresses, "worker", 1))
    with tf.device("/job:ps"):
        v = tf.Variable(1.0)
    with tf.device("/job:worker/task:1"):
        double = v * 2
    with tf.Session("grpc://127.0.0.1:2221") as sess:
        sess.run(v.initializer)
        assert sess.sess_str == b"grpc://127.0.0.1:2221"
    add = tf.assign_add(v, 1.0)
    with tf.Session(servers[1].target) as one, tf.Session(servers[2].target, config=tf.ConfigProto()) as two:
        one.run(add)
        assert two.run(double) == 4.0
        one.close()
        assert two.run([v, double]) == [2.0, 4.0]
    local = tf.train.Server.create_local_server()
    with tf.Session(local.target) as sess, pytest.raises(tf.errors.FailedPreconditionError):
        sess.run(double)
    with pytest.raises(tf.errors.NotFoundError, match="No tf.train.Server of this process"):
        tf.Session("grpc://elsewhere:1")
    with pytest.raises(tf.errors.InvalidArgumentError, match="explicitly assigned to /job:ps"):
        tf.Session().run(double, {v: 1.0})


def test_workers_of_one_process_wait_for_the_chief():
    server = tf.train.Server.create_local_server()
    v = tf.Variable(3.0)
    with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(master=server.target)):
        with tf.train.MonitoredSession(tf.train.WorkerSessionCreator(master=server.target)) as worker:
            assert worker.run(v) == 3.0


def test_device_setter():
    with tf.device(tf.train.replica_device_setter(cluster=tf.train.ClusterSpec(CLUSTER))):
        v, w = tf.Variable([1, 2], name="v"), tf.Variable([2, 1], name="w")
        total = v + w
        with tf.device("/cpu:0"):
            on_cpu = tf.Variable(1.0, name="on_cpu")
    assert [x.device for x in (v, w, total)] == ["/job:ps/task:0", "/job:ps/task:1", "/job:worker"]
    assert v.initializer.device == "/job:ps/task:0"
    assert on_cpu.device == "/job:ps/task:0/device:CPU:0"


def test_device_setter_choices():
    assert tf.train.replica_device_setter() is None
    assert tf.train.replica_device_setter(cluster={"worker": ["w:1"]}) is None
    with pytest.raises(TypeError, match="ps_strategy must be callable"):
        tf.train.replica_device_setter(1, ps_strategy=1)
    setter = tf.train.replica_device_setter(3, worker_device="/job:worker/cpu:0", merge_devices=False,
                                            ps_ops=["Const"], ps_strategy=lambda op: 2)
    with tf.device(setter):
        constant = tf.constant(1.0)
        with tf.device("/job:mine"):
            mine = tf.constant(1.0)
        rest = tf.identity(constant)
    assert [x.device for x in (constant, mine, rest)] == ["/job:ps/task:2", "/job:mine", "/job:worker/device:CPU:0"]
