"""The table's rows: what is measured, its goal, and why a row may be missing. Holds no state."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table.

    `goal` is the highest wanted ratio to TensorFlow; `limit_s` one in seconds instead. `cold` rows start
    with an empty kernel cache. `needs` names the parts of tf.* without which the row is skipped.
    """

    workload: str
    goal: float | None = None
    title: str = ""
    threads: int = 0
    once: bool = False
    cold: bool = False
    limit_s: float | None = None
    needs: tuple = ()

    @property
    def name(self):
        """As in the table, and for `--only`."""
        return self.workload + (f"/{self.threads}" if self.threads else "")


ROWS = (
    Row("run_overhead", .03, "fetch a+b, two scalar feeds"),
    Row("chain", .02, "1,000 scalar ops"),
    Row("softmax_sgd", .20, "784->10, batch 100"),
    Row("softmax_sgd", .22, "the same, 1 thread", threads=1),
    Row("mlp_adam", .55, "784-256-256-10, batch 128"),
    Row("mlp_adam", .85, "the same, 1 thread", threads=1),
    Row("mlp_wide", .80, "2048 wide, momentum"),
    Row("two_networks", .20, "policy and value, 17-64-64, Adam"),
    Row("cnn_mnist", .85, "5x5 convs, pools, dropout, Adam"),
    Row("lstm", .40, "28 steps unrolled, Adam"),
    Row("lstm_while", .45, "the same in tf.while_loop", needs=("while_loop", "TensorArray")),
    Row("lstm_queue", .65, "20 steps, text sliced as a queue says", needs=("train.range_input_producer",)),
    Row("cond_while", .10, "1,000 times one of two branches", needs=("while_loop", "cond")),
    Row("scan_short", .10, "tf.scan over 6 rows and tf.map_fn, SGD", needs=("scan", "map_fn")),
    Row("word2vec", .20, "nce_loss, sparse gradients", needs=("nn.nce_loss",)),
    Row("elementwise", .30, "4M fused expression"),
    Row("reduce", .40, "moments and softmax, 4096x1024"),
    Row("matmul", 1.0, "1024^3"),
    Row("graph_build", .10, "10k nodes and gradients"),
    Row("first_run_mlp_adam", 1.0, "empty kernel cache", once=True, cold=True),
    Row("first_run_cnn_mnist", 1.0, "empty kernel cache", once=True, cold=True),
    Row("memory", .85, "peak, 64 layers x 1024, batch 1024", once=True),
    Row("import_module", .06, "fresh process", once=True),
    Row("long_chain", None, "100,000 nodes: build, grad, run", once=True, limit_s=30),
)


def chosen(only):
    """The rows whose name or workload is in `only`; all if it is empty. ValueError for an unknown name."""
    unknown = set(only) - {row.name for row in ROWS} - {row.workload for row in ROWS}
    if unknown:
        raise ValueError(f"No such workload: {', '.join(sorted(unknown))}; there are {', '.join(r.name for r in ROWS)}")
    return [row for row in ROWS if not only or row.name in only or row.workload in only]
