"""`tf.data.Options` and the options it groups.

They are kept, merged and passed on as in TensorFlow. What they tune there (rewrites of pipelines, thread
pools) makes no difference to elements; `experimental_deterministic = False` would permit another order of
them, of which no use is made. Holds no state.
"""

from graphflow.framework.api import tf_export


class _Option:
    """A property of options: checked against a type, with a default made when first read."""

    def __init__(self, kind, doc, default=lambda: None):
        self.kind, self.default, self.__doc__ = kind, default, doc
        self.name = None

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, options, owner=None):
        if options is None:
            return self
        return options._options.setdefault(self.name, self.default())

    def __set__(self, options, value):
        if not isinstance(value, self.kind):
            raise TypeError(f'Property "{self.name}" must be of type {self.kind}, got: {value!r} '
                            f"(type: {type(value)!r})")
        options._options[self.name] = value


class _OptionsBase:
    """Options with equality and merging; unknown names cannot be set."""

    def __init__(self):
        object.__setattr__(self, "_options", {})

    def __eq__(self, other):
        if not isinstance(other, type(self)):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in {*self._options, *other._options})

    def __ne__(self, other):
        result = self.__eq__(other)
        return result if result is NotImplemented else not result

    __hash__ = None

    def __setattr__(self, name, value):
        if not hasattr(self, name):
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        object.__setattr__(self, name, value)

    def merge(self, options):
        """These options and `options` in one; ValueError where both set one option, and differently."""
        if type(self) is not type(options):
            raise TypeError(f"Incompatible options type: {type(options)!r} vs {type(self)!r}")
        defaults, result = type(self)(), type(self)()
        for source in (self, options):
            for name in source._options:
                this, that = getattr(result, name), getattr(source, name)
                if that == getattr(defaults, name):
                    continue
                if this == getattr(defaults, name):
                    setattr(result, name, that)
                elif isinstance(this, _OptionsBase):
                    setattr(result, name, this.merge(that))
                elif this != that:
                    raise ValueError(f"Cannot merge incompatible values ({this!r} and {that!r}) of option: {name}")
        return result


@tf_export("data.experimental.MapVectorizationOptions")
class MapVectorizationOptions(_OptionsBase):
    """Options of TensorFlow's vectorisation of map functions."""

    enabled = _Option(bool, "Whether to vectorize map functions.")
    use_choose_fastest = _Option(bool, "Whether to choose between both forms by their speed.")


@tf_export("data.experimental.OptimizationOptions")
class OptimizationOptions(_OptionsBase):
    """Which rewrites TensorFlow would apply to a pipeline."""

    apply_default_optimizations = _Option(bool, "Whether to apply those on by default.")
    autotune = _Option(bool, "Whether to tune parallelism while running.")
    autotune_algorithm = _Option(int, "The algorithm of the tuning.")
    autotune_buffers = _Option(bool, "Whether to tune sizes of buffers.")
    autotune_cpu_budget = _Option(int, "How many cores the tuning may plan with.")
    filter_fusion = _Option(bool, "Whether to fuse filters.")
    filter_with_random_uniform_fusion = _Option(bool, "Whether to fuse random filters.")
    hoist_random_uniform = _Option(bool, "Whether to take random numbers out of map functions.")
    map_and_batch_fusion = _Option(bool, "Whether to fuse map and batch.")
    map_and_filter_fusion = _Option(bool, "Whether to fuse map and filter.")
    map_fusion = _Option(bool, "Whether to fuse maps.")
    map_parallelization = _Option(bool, "Whether to make maps parallel.")
    map_vectorization = _Option(MapVectorizationOptions, "Vectorisation of map functions.", MapVectorizationOptions)
    noop_elimination = _Option(bool, "Whether to leave out what changes nothing.")
    parallel_batch = _Option(bool, "Whether to copy elements of a batch in parallel.")
    shuffle_and_repeat_fusion = _Option(bool, "Whether to fuse shuffle and repeat.")

    _ON_BY_DEFAULT = ("map_and_batch_fusion", "noop_elimination", "shuffle_and_repeat_fusion")
    _REWRITES = (*_ON_BY_DEFAULT, "filter_fusion", "filter_with_random_uniform_fusion", "hoist_random_uniform",
                 "map_and_filter_fusion", "map_parallelization", "map_fusion", "parallel_batch")

    def rewrites(self):
        """The names of the rewrites that are on, sorted."""
        found = {name for name in self._REWRITES if getattr(self, name)}
        if self.apply_default_optimizations is not False:
            found.update(name for name in self._ON_BY_DEFAULT if getattr(self, name) is not False)
        if self.map_vectorization.enabled:
            found.add("map_vectorization")
        if self.autotune is not False and self.autotune_buffers:
            found.add("inject_prefetch")
        return sorted(found)

    def rewrite_configs(self):
        """Settings of single rewrites."""
        return [f"map_vectorization:use_choose_fastest:{str(bool(self.map_vectorization.use_choose_fastest)).lower()}"]


@tf_export("data.experimental.DistributeOptions")
class DistributeOptions(_OptionsBase):
    """Options of input pipelines of several devices."""

    auto_shard = _Option(bool, "Whether to shard among workers.", lambda: True)
    _make_stateless = _Option(bool, "Whether to remove stateful stages.")
    num_devices = _Option(int, "The number of devices.")


@tf_export("data.experimental.ThreadingOptions")
class ThreadingOptions(_OptionsBase):
    """Options of the threads of a pipeline."""

    max_intra_op_parallelism = _Option(int, "How many threads an operation may use.")
    private_threadpool_size = _Option(int, "The size of a pool of its own.")


@tf_export("data.experimental.StatsOptions")
class StatsOptions(_OptionsBase):
    """Options of statistics, which are not gathered: there is nothing that `aggregator` could be set to."""

    aggregator = _Option(type(None), "The aggregator of the statistics.")
    prefix = _Option(str, "A prefix of all statistics.", str)
    counter_prefix = _Option(str, "A prefix of counters.", str)
    latency_all_edges = _Option(bool, "Whether to measure latencies.")


@tf_export("data.Options")
class Options(_OptionsBase):
    """Options of a dataset, set with `Dataset.with_options`.

    Example:
      >>> import graphflow as tf
      >>> options = tf.data.Options()
      >>> options.experimental_deterministic = False
      >>> dataset = tf.data.Dataset.range(3).with_options(options)
      >>> dataset.options().experimental_deterministic
      False
    """

    experimental_deterministic = _Option(bool, "Whether elements come in a fixed order; None is True.")
    experimental_distribute = _Option(DistributeOptions, "Distribution options.", DistributeOptions)
    experimental_optimization = _Option(OptimizationOptions, "Rewriting options.", OptimizationOptions)
    experimental_slack = _Option(bool, "Whether the last prefetch waits a little.")
    experimental_stats = _Option(StatsOptions, "Options of statistics.", StatsOptions)
    experimental_threading = _Option(ThreadingOptions, "Threading options.", ThreadingOptions)
    experimental_stateful_whitelist = _Option(list, "Stateful operations that may be serialised.")

    def rewrites(self):
        """The names of all rewrites of the pipeline that are on."""
        result = self.experimental_optimization.rewrites()
        if self.experimental_deterministic is False:
            result.append("make_sloppy")
        if self.experimental_slack:
            result.append("slack")
        if self.experimental_distribute._make_stateless:
            result.append("make_stateless")
        return result

    def rewrite_configs(self):
        """Settings of single rewrites."""
        result = self.experimental_optimization.rewrite_configs()
        if self.experimental_slack:
            result.append(f"slack:slack_period:{self.experimental_distribute.num_devices or 1}")
        return result
