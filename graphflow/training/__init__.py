"""Training: optimizers, slots, schedules, moving averages, the global step, checkpoints."""
