"""Queues of tensors: what is in them, and the ops that wait for room or for elements.

Every op on a queue is an attempt that stands in line: producers (and the closing of a queue) in one line,
consumers in another. Whoever changes the queue moves both lines on as far as they go. State: the elements
(tuples of components), both lines, and whether the queue is closed, all behind one lock.
"""

import collections
import heapq
import itertools
import threading

import numpy as np

from graphflow.framework import errors

_UNBOUNDED = 2**31 - 1


class _Attempt:
    """A producer (`elements`, from `at` on), the closing of the queue, or a consumer of `wanted` elements."""

    __slots__ = ("ticket", "elements", "at", "closes", "wanted", "taken", "small")

    def __init__(self, ticket, elements=(), closes=False, wanted=0, small=False):
        self.ticket = ticket
        self.elements = elements
        self.at = 0
        self.closes = closes
        self.wanted = wanted
        self.taken = []
        self.small = small


class Queue:
    """What all queues share; gives elements first in, first out.

    Args: name; capacity: how many elements fit, negative for no limit. dtypes: of the components. shapes:
      of the components (tuples, entries may be None), or [] for any.
    """

    noun = "queue"

    def __init__(self, name, capacity, dtypes, shapes):
        self.name = name
        self.capacity = _UNBOUNDED if capacity < 0 else capacity
        self.dtypes = dtypes
        self.shapes = shapes
        self.closed = False
        self._enqueued = False
        self._failure = None
        self._producers = collections.deque()
        self._consumers = collections.deque()
        self._elements = collections.deque()
        self._lock = threading.Lock()

    @property
    def label(self):
        """The queue as messages name it."""
        return f"{self.signature['type']} '{self.name}'"

    # ---- the order of elements; overridden

    def _put(self, element):
        self._elements.append(element)

    def _take(self):
        return self._elements.popleft()

    def _restore(self, elements):
        """Puts back, as they were, elements taken by a consumer that gets none in the end."""
        self._elements.extendleft(reversed(elements))

    def _available(self):
        """How many elements consumers may take now."""
        return len(self._elements)

    def check_element(self, components, many):
        """Raises InvalidArgumentError for components that don't fit; `many` have a first dimension more."""
        if len(components) != len(self.dtypes):
            raise _invalid(f"Wrong number of components in tuple. Expected {len(self.dtypes)}, got {len(components)}")
        for i, (array, dtype) in enumerate(zip(components, self.dtypes)):
            if array.dtype != dtype.as_numpy_dtype:
                raise _invalid(f"Type mismatch in tuple component {i}. Expected {dtype.name}, got {array.dtype}")
            if many and (not array.ndim or len(array) != len(components[0])):
                raise _invalid("All input tensors must have the same size in the 0th dimension. Component "
                               f"{i} has {len(array) if array.ndim else 'none'}, and should have {len(components[0])}")
            if self.shapes and not _fits(array.shape[many:], self.shapes[i]):
                lead = (len(array),) if many else ()
                raise _invalid(f"Shape mismatch in tuple component {i}. Expected {_text(lead + self.shapes[i])}, got "
                               f"{_text(array.shape)}")

    def batch(self, elements):
        """The elements as one array per component."""
        return [_stacked([e[i] for e in elements], dtype.as_numpy_dtype, self.shapes[i])
                for i, dtype in enumerate(self.dtypes)]

    # ---- what ops do

    def enqueue(self, ticket, elements):
        """Puts the elements in as room allows, then ends the ticket."""
        self._line_up(self._producers, _Attempt(ticket, elements))

    def dequeue(self, ticket, wanted, small=False):
        """Ends the ticket with a list of `wanted` elements, or with fewer once closed if `small`."""
        if not wanted:
            ticket.complete([])
            return
        self._line_up(self._consumers, _Attempt(ticket, wanted=wanted, small=small))

    def close(self, ticket, cancel_pending):
        """Closes the queue, after the producers in line; or at once, and cancels these."""
        if not cancel_pending:
            self._line_up(self._producers, _Attempt(ticket, closes=True))
            return
        with self._lock:
            self.closed = True
            while self._producers:
                self._producers.popleft().ticket.fail(_cancelled("Enqueue operation was cancelled"))
            self._move_on()
        ticket.complete()

    def size(self):
        """How many elements are in the queue."""
        return len(self._elements)

    def _line_up(self, line, attempt):
        with self._lock:
            attempt.ticket.resource = self
            line.append(attempt)
            self._move_on()

    def _move_on(self):
        while self._move_producers() | self._move_consumers():
            pass

    def _move_producers(self):
        """Lets producers in as long as there is room; whether anything changed."""
        moved = False
        while self._producers:
            attempt = self._producers[0]
            if attempt.closes and not self.closed:
                self.closed = True
            elif self.closed:
                text = f"Queue '{self.name}' is already closed." if attempt.closes else f"{self.label} is closed."
                attempt.ticket.fail(_cancelled(text))
                self._producers.popleft()
                continue
            while attempt.at < len(attempt.elements) and len(self._elements) < self.capacity:
                self._put(attempt.elements[attempt.at])
                attempt.at += 1
                self._enqueued = moved = True
                self._failure = None
            if attempt.at < len(attempt.elements):
                break
            self._producers.popleft()
            attempt.ticket.complete()
            moved = True
        return moved

    def _move_consumers(self):
        """Gives elements to consumers in line; whether anything changed."""
        moved = False
        while self._consumers:
            attempt = self._consumers[0]
            while len(attempt.taken) < attempt.wanted and self._available() > 0:
                attempt.taken.append(self._take())
                moved = True
            if len(attempt.taken) < attempt.wanted and not (self.closed and attempt.small and attempt.taken):
                if not self.closed:
                    break
                self._restore(attempt.taken)
                attempt.ticket.fail(self._insufficient(attempt))
            else:
                attempt.ticket.complete(attempt.taken)
            self._consumers.popleft()
        return moved

    def _insufficient(self, attempt):
        text = (f"{self.label} is closed and has insufficient elements (requested {attempt.wanted}, current size "
                f"{self.size()})")
        if self._failure is not None:
            text += f"; the run that was to fill it failed: {self._failure}"
        error = errors.OutOfRangeError(None, None, text)
        error.__cause__ = self._failure     # so that a queue that this run was to fill tells it, too
        return error

    # ---- what waiting needs

    def abandon(self, ticket):
        """Takes the attempt of a ticket out of its line; what it had taken goes back."""
        with self._lock:
            for line in (self._producers, self._consumers):
                for attempt in [a for a in line if a.ticket is ticket]:
                    line.remove(attempt)
                    self._restore(attempt.taken)
            self._move_on()

    def note_failure(self, error):
        """Remembers why a run that was to fill the queue did not."""
        self._failure = error

    def is_starving(self, ticket):
        """Whether the ticket waits for elements."""
        return any(attempt.ticket is ticket for attempt in list(self._consumers))

    def describe(self, ticket):
        """What the ticket waits for, and why it may have to wait for long."""
        holds = f"{self.label}, which holds {self.size()} of at most {self.capacity}"
        for attempt in list(self._consumers):
            if attempt.ticket is ticket:
                count = attempt.wanted - len(attempt.taken)
                return f"{count} more element{'s' * (count != 1)} of {holds}{self._why()}"
        return f"room in {holds}"

    def _why(self):
        if self._failure is not None:
            return f"; the last run that was to fill it failed: {self._failure}"
        if not self._enqueued:
            return "; nothing was ever enqueued (was tf.train.start_queue_runners() called in this session?)"
        return ""

    def renew_locks(self):
        """For a forked child, where nobody stands in line."""
        self._lock = threading.Lock()
        self._producers.clear()
        self._consumers.clear()


class PaddingFIFOQueue(Queue):
    """A queue whose batches are padded with zeros (or empty strings) to the largest of their elements."""

    def batch(self, elements):
        """The elements as one array per component."""
        return [_padded([e[i] for e in elements], dtype.as_numpy_dtype, self.shapes[i])
                for i, dtype in enumerate(self.dtypes)]


class RandomShuffleQueue(Queue):
    """A queue that gives its elements in random order, and keeps `min_after_dequeue` of them until closed.

    Args: words: iterator over random 32-bit numbers.
    """

    def __init__(self, name, capacity, dtypes, shapes, min_after_dequeue, words):
        super().__init__(name, capacity, dtypes, shapes)
        self._elements = []
        self._kept = min_after_dequeue
        self._words = words

    def _take(self):
        index = next(self._words) % len(self._elements)
        element, self._elements[index] = self._elements[index], self._elements[-1]
        self._elements.pop()
        return element

    def _restore(self, elements):
        self._elements.extend(elements)

    def _available(self):
        return len(self._elements) - (0 if self.closed else self._kept)


class PriorityQueue(Queue):
    """A queue that gives the element with the smallest first component first."""

    def __init__(self, name, capacity, dtypes, shapes):
        super().__init__(name, capacity, dtypes, shapes)
        self._elements = []
        self._numbers = itertools.count()

    def check_element(self, components, many):
        """Raises InvalidArgumentError for components that don't fit."""
        super().check_element(components, many)
        if components[0].ndim != int(many):
            kind = "a vector" if many else "a scalar"
            raise _invalid(f"Expected the priority element to be {kind}, but received shape: "
                           f"{_text(components[0].shape)}")

    def _put(self, element):
        heapq.heappush(self._elements, (int(element[0]), next(self._numbers), element))

    def _take(self):
        return heapq.heappop(self._elements)[2]

    def _restore(self, elements):
        for element in elements:
            self._put(element)


def _fits(shape, wanted):
    return wanted is None or len(shape) == len(wanted) and all(w in (None, d) for d, w in zip(shape, wanted))


def _stacked(items, dtype, shape):
    batch = np.empty((len(items), *shape), dtype)
    for i, item in enumerate(items):
        batch[i] = item
    return batch


def _padded(items, dtype, shape):
    largest = [max((np.shape(item)[d] for item in items), default=0) if dim is None else dim
               for d, dim in enumerate(shape)]
    batch = np.full((len(items), *largest), b"" if dtype is np.object_ else 0, dtype)
    for i, item in enumerate(items):
        batch[(i, *[slice(n) for n in np.shape(item)])] = item
    return batch


def _text(shape):
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _cancelled(message):
    return errors.CancelledError(None, None, message)
