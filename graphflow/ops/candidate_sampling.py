"""Classes drawn at random for losses that look at a few of many classes.

Every sampler draws once per step, for the whole batch; with seeds the classes are TensorFlow's. Holds
no state: streams and learned weights are the session's.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.random_seed import get_seed

_OUTPUTS = "sampled_candidates: int64, true_expected_count: float, sampled_expected_count: float"
_SEEDS = "seed: int = 0; seed2: int = 0"
_SAMPLER = "num_true: int >= 1; num_sampled: int >= 1; unique: bool; range_max: int >= 1; "


def _sampler_shape(c):
    classes = shapes.with_rank(c.shape(0), 2)
    sampled = (c.attr("num_sampled"),)
    return [sampled, (classes[0], c.attr("num_true")), sampled]


def _hits_shape(c):
    classes = shapes.with_rank(c.shape(0), 2)
    shapes.merge_dim(classes[1], c.attr("num_true"))
    shapes.with_rank(c.shape(1), 1)
    return [(None,)] * 3


for _name in ("UniformCandidateSampler", "LogUniformCandidateSampler", "LearnedUnigramCandidateSampler",
              "ThreadUnsafeUnigramCandidateSampler"):
    register_op(_name, inputs="true_classes: int64", outputs=_OUTPUTS, attrs=_SAMPLER + _SEEDS,
                shape=_sampler_shape, stateful=True)
    NotDifferentiable(_name)

register_op("FixedUnigramCandidateSampler", inputs="true_classes: int64", outputs=_OUTPUTS,
            attrs=_SAMPLER + "vocab_file: string = ''; distortion: float = 1.0; num_reserved_ids: int = 0; "
            "num_shards: int >= 1 = 1; shard: int >= 0 = 0; unigrams: list(float) = []; " + _SEEDS,
            shape=_sampler_shape, stateful=True)
NotDifferentiable("FixedUnigramCandidateSampler")
register_op("AllCandidateSampler", inputs="true_classes: int64", outputs=_OUTPUTS,
            attrs="num_true: int >= 1; num_sampled: int >= 1; unique: bool; " + _SEEDS,
            shape=_sampler_shape, stateful=True)
NotDifferentiable("AllCandidateSampler")
register_op("ComputeAccidentalHits", inputs="true_classes: int64, sampled_candidates: int64",
            outputs="indices: int32, ids: int64, weights: float", attrs="num_true: int; " + _SEEDS,
            shape=_hits_shape, allocates=True)
NotDifferentiable("ComputeAccidentalHits")


def _seeded(seed):
    seed1, seed2 = get_seed(seed)
    return {"seed": seed1, "seed2": seed2}


@tf_export("random.uniform_candidate_sampler", "nn.uniform_candidate_sampler")
def uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None):
    """Draws classes that are all equally likely.

    Args:
      true_classes: int64 [batch, num_true]. num_sampled: how many to draw.
      unique: whether to draw without replacement; then at most `range_max` can be drawn.
      range_max: number of classes.
    Returns a named tuple: sampled_candidates int64 [num_sampled], true_expected_count
    [batch, num_true] and sampled_expected_count [num_sampled], how often each class is expected among the drawn.
    Raises InvalidArgumentError in a run that draws more unique classes than there are.
    """
    return raw_ops.UniformCandidateSampler(true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique,
                                           range_max=range_max, **_seeded(seed), name=name)


@tf_export("random.log_uniform_candidate_sampler", "nn.log_uniform_candidate_sampler")
def log_uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None):
    """Draws classes with probability log((class + 2) / (class + 1)) / log(range_max + 1).

    That is near to the frequency of words sorted by frequency. See `tf.nn.uniform_candidate_sampler`.
    """
    return raw_ops.LogUniformCandidateSampler(
        true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max,
        **_seeded(seed), name=name)


@tf_export("random.learned_unigram_candidate_sampler", "nn.learned_unigram_candidate_sampler")
def learned_unigram_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None):
    """Draws classes as often as they were true classes so far in the session (plus one).

    What was counted is not saved in checkpoints. See `tf.nn.uniform_candidate_sampler`.
    """
    return raw_ops.LearnedUnigramCandidateSampler(
        true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max,
        **_seeded(seed), name=name)


@tf_export("random.fixed_unigram_candidate_sampler", "nn.fixed_unigram_candidate_sampler")
def fixed_unigram_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, vocab_file="",
                                    distortion=1.0, num_reserved_ids=0, num_shards=1, shard=0, unigrams=(), seed=None,
                                    name=None):
    """Draws classes with given weights, each raised to the power `distortion`.

    Args:
      vocab_file: CSV file whose last columns are the weights of the classes; or
      unigrams: the weights. Exactly one of the two is to be given.
      num_reserved_ids: the first so many classes are never drawn and not in the list of weights.
      num_shards, shard: use only classes with `id % num_shards == shard`.
    The others, and the result: see `tf.nn.uniform_candidate_sampler`.
    """
    return raw_ops.FixedUnigramCandidateSampler(
        true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max,
        vocab_file=vocab_file, distortion=distortion, num_reserved_ids=num_reserved_ids, num_shards=num_shards,
        shard=shard, unigrams=list(unigrams), **_seeded(seed), name=name)


@tf_export("random.all_candidate_sampler", "nn.all_candidate_sampler")
def all_candidate_sampler(true_classes, num_true, num_sampled, unique, seed=None, name=None):
    """All `num_sampled` classes in order; `unique` and `seed` change nothing."""
    return raw_ops.AllCandidateSampler(true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique,
                                       **_seeded(seed), name=name)


@tf_export("nn.compute_accidental_hits")
def compute_accidental_hits(true_classes, sampled_candidates, num_true, seed=None, name=None):
    """Where drawn classes are true classes.

    Returns a named tuple of three vectors, one entry per hit: indices (int32 row of `true_classes`), ids (int64
    position in `sampled_candidates`), and weights (the lowest float32, which as a logit rules the class out).
    """
    return raw_ops.ComputeAccidentalHits(true_classes, sampled_candidates, num_true=num_true, **_seeded(seed),
                                         name=name)
