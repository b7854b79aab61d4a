"""Kernels of ops that may have to wait for another run. Holds no state.

A resource that makes ops wait keeps their attempts in line and ends them, by their tickets, from
whatever run changes it: no thread is held meanwhile. `runtime/waiting.py` says what a ticket is.
"""


AGAIN = object()


class WaitingKernel:
    """A kernel in two forms: `begin(ticket, *inputs)` starts an attempt; called, it waits for its end.

    Args: ctx: the KernelContext. begin: completes or fails the ticket, at once or later, and sets its
      `resource` if it is to be later. finish: function from the ticket's result and the inputs to the op's
      results, called by the run that waited; AGAIN has another attempt started. supplies: whether what others
      wait for comes from this op, so that the resource (input 0) wants to know if its run fails before.
    """

    __slots__ = ("begin", "finish", "supplies", "_resources")

    def __init__(self, ctx, begin, finish=None, supplies=False):
        self.begin = begin
        self.finish = finish or _as_it_is
        self.supplies = supplies
        self._resources = ctx.resources

    def __call__(self, *inputs):
        result = AGAIN
        while result is AGAIN:
            result = self.finish(self._resources.wait_for(self.begin, inputs), *inputs)
        return result


def _as_it_is(result, *inputs):
    return result
