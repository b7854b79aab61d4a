"""TensorFlow 1's Switch, Merge, Enter, Exit, NextIteration and LoopCond as conditionals and loops.

Works on GraphDefs: each loop becomes a `While` node, each conditional an `If` node, and what they do
functions of the library, which `import_bodies.py` then reads. Loops go first, the innermost before those
around it; then, in each function and in the graph, conditionals in the order of their Merge nodes. Nodes
under a condition that lead to no Merge are dropped: nobody could fetch them. Functions made here name
tensors "node:index" as graphs do. Holds no state.
"""

import collections

SWITCHES = ("Switch", "RefSwitch")
MERGES = ("Merge", "RefMerge")
ENTERS = ("Enter", "RefEnter")
EXITS = ("Exit", "RefExit")
NEXTS = ("NextIteration", "RefNextIteration")
CONTROL_FLOW = frozenset((*SWITCHES, *MERGES, *ENTERS, *EXITS, *NEXTS, "LoopCond"))


def functionalize(graph_def):
    """A GraphDef without TensorFlow 1's control flow nodes, or `graph_def` itself if it has none.

    Raises ValueError, naming the node, for control flow that is neither a loop nor a conditional.
    """
    if not any(node.op in CONTROL_FLOW for node in graph_def.node):
        return graph_def
    for node in graph_def.node:
        if node.op.startswith("Stack"):
            raise ValueError(f"Node '{node.name}' ({node.op}) is part of the gradient of a loop of TensorFlow 1. Such "
                             "gradients cannot be imported: import what comes before "
                             "(tf.graph_util.extract_sub_graph), and call tf.gradients here.")
    result = type(graph_def)()
    result.CopyFrom(graph_def)
    del result.node[:]
    nodes = _Nodes(graph_def.node, result.library)
    _Loops(nodes).turn_all()
    for function in [*nodes.functions]:
        inner = _Nodes(function.node_def, result.library)
        _turn_conditionals(inner, function.ret)
        del function.node_def[:]
        function.node_def.extend(inner.by_name.values())
    _turn_conditionals(nodes, {})
    result.node.extend(nodes.by_name.values())
    return result


def _source(text):
    """(node name, index) of a data input."""
    name, _, index = text.partition(":")
    return name, int(index or 0)


class _Nodes:
    """Nodes of a graph or function. Attributes: by_name; functions: those made here."""

    def __init__(self, nodes, library):
        self.by_name = {}
        for node in nodes:
            copy = type(node)()
            copy.CopyFrom(node)
            self.by_name[node.name] = copy
        self.functions = []
        self._library = library

    def inputs(self, node):
        """(node, index, text) of the data inputs."""
        for text in node.input:
            if text[:1] != "^":
                name, index = _source(text)
                yield self.by_name.get(name), index, text

    def controls(self, node):
        """Nodes that `node` waits for."""
        return [self.by_name[text[1:]] for text in node.input if text[:1] == "^" and text[1:] in self.by_name]

    def in_order(self):
        """All nodes after their inputs, but for the edges back in loops."""
        waiting, users = {}, collections.defaultdict(list)
        for node in self.by_name.values():
            before = {n.name for n, _, _ in self.inputs(node) if n is not None and n.op not in NEXTS}
            before |= {n.name for n in self.controls(node)}
            waiting[node.name] = len(before)
            for name in before:
                users[name].append(node.name)
        ready = collections.deque(name for name, count in waiting.items() if not count)
        while ready:
            name = ready.popleft()
            yield self.by_name[name]
            for user in users[name]:
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)

    def new_node(self, op, name, inputs):
        """A node of a name not in use."""
        while name in self.by_name:
            name += "_"
        node = type(next(iter(self.by_name.values())))(name=name, op=op)
        node.input.extend(inputs)
        self.by_name[name] = node
        return node

    def new_function(self, name, arguments, nodes, results):
        """A function of the library: {tensor: argument} `arguments`; its `nodes` read these by other names."""
        function = self._library.function.add()
        taken = {f.signature.name for f in self._library.function}
        name = name.replace("/", "_")
        while name in taken:
            name += "_"
        function.signature.name = name
        for argument in arguments.values():
            if argument not in [arg.name for arg in function.signature.input_arg]:
                function.signature.input_arg.add(name=argument)
        inside = {node.name for node in nodes}
        for node in nodes:
            copy = function.node_def.add()
            copy.CopyFrom(node)
            copy.input[:] = [arguments.get(text, text) for text in node.input
                             if text[:1] != "^" or text[1:] in inside]
        for i, text in enumerate(results):
            function.signature.output_arg.add(name=f"out_{i}")
            function.ret[f"out_{i}"] = arguments.get(text, text)
        self.functions.append(function)
        return name

    def behind(self, texts, arguments):
        """Nodes that the tensors `texts` need, back to those in `arguments`."""
        found, waiting = {}, [text for text in texts if text not in arguments]
        given = {_source(text)[0] for text in arguments}
        while waiting:
            text = waiting.pop()
            name = _source(text.lstrip("^"))[0]
            node = self.by_name.get(name)
            if node is None or name in found or (text[:1] == "^" and name in given):
                continue
            found[name] = node
            waiting.extend(text for text in node.input if text not in arguments)
        return found


def _plain(text):
    return text.removesuffix(":0")


# ---------------------------------------------------------------- loops

class _Loops:
    """The loops of a graph. State: for each node, the frames (names) it runs in, innermost last."""

    def __init__(self, nodes):
        self._nodes = nodes
        self._frames = {}
        for node in nodes.in_order():
            before = [self._frames.get(n.name, ()) for n, _, _ in nodes.inputs(node) if n is not None]
            before += [self._frames.get(n.name, ()) for n in nodes.controls(node)]
            frame = max(before, key=len, default=())
            if node.op in ENTERS:
                frame = (*frame, node.attr["frame_name"].s)
            elif node.op in EXITS:
                frame = frame[:-1]
            self._frames[node.name] = frame

    def turn_all(self):
        """Turns every loop into a While node."""
        frames = {self._frames[node.name] for node in self._nodes.by_name.values() if node.op in ENTERS}
        for frame in sorted(frames, key=len, reverse=True):
            self._turn(frame)

    def _turn(self, frame):
        nodes = self._nodes
        members = [node for node in nodes.by_name.values() if self._frames.get(node.name) == frame]
        enters = [node for node in members if node.op in ENTERS]
        merges = {_source(node.input[0])[0]: node for node in members if node.op in MERGES}
        variables = [node for node in enters if node.name in merges]
        constants = [node for node in enters if node.name not in merges]
        condition = next((node for node in members if node.op == "LoopCond"), None)
        if condition is None or not variables:
            raise ValueError(f"Node '{enters[0].name}' ({enters[0].op}) belongs to no loop that tf.while_loop makes: "
                             "there is no LoopCond, or nothing that changes.")
        names = {enter.name: f"arg_{i}" for i, enter in enumerate([*variables, *constants])}
        invariant = {enter.name: names[enter.name] for enter in constants}
        before, inside, following = dict(invariant), dict(invariant), []
        exits, switches = {}, {node.input[0]: node for node in members if node.op in SWITCHES
                               and _source(node.input[1])[0] == condition.name}
        for i, enter in enumerate(variables):
            merge = merges[enter.name]
            before[merge.name] = names[enter.name]
            following.append(nodes.by_name[_source(merge.input[1])[0]].input[0])
            switch = switches.get(merge.name)
            if switch is not None:
                inside[f"{switch.name}:1"] = names[enter.name]
                exits[switch.name] = i
        following += [enter.name for enter in constants]
        scope = condition.name.rpartition("/")[0] or condition.name
        arguments = {f"#{i}": name for i, name in enumerate(names.values())}  # all of them, used or not
        functions = []
        for kind, known, results in (("cond", before, [condition.input[0]]), ("body", inside, following)):
            known = {**arguments, **known}
            results = [_plain(text) for text in results]
            needed = [node for node in nodes.behind(results, known).values() if node.op not in CONTROL_FLOW
                      or self._frames.get(node.name) == frame and node.op in (*SWITCHES, *MERGES)
                      and node.name not in exits and node.name not in before]
            functions.append(nodes.new_function(f"{scope}_{kind}", known, needed, results))
        self._replace(frame, scope, [*variables, *constants], exits, functions, members)

    def _replace(self, frame, scope, enters, exits, functions, members):
        nodes = self._nodes
        for node in members:
            del nodes.by_name[node.name]
        loop = nodes.new_node("While", f"{scope}/while_context", [enter.input[0] for enter in enters])
        waits = {text for enter in enters for text in enter.input if text[:1] == "^" and text[1:] in nodes.by_name}
        loop.input.extend(sorted(waits))
        loop.attr["cond"].func.name, loop.attr["body"].func.name = functions
        self._frames[loop.name] = frame[:-1]
        for node in nodes.by_name.values():
            if node.op in EXITS and _source(node.input[0])[0] in exits:
                node.op = "Identity"
                node.input[:] = [f"{loop.name}:{exits[_source(node.input[0])[0]]}"]


# ---------------------------------------------------------------- conditionals

class _Conditions:
    """Under which predicates nodes run: {predicate: branch} by node and output.

    Predicates that are the same value under another name count as one.
    """

    def __init__(self, nodes):
        self._nodes = nodes
        self.of = {}
        for node in nodes.in_order():
            self.of[node.name] = self._condition(node)

    def predicate(self, text):
        """What `text` is a name for."""
        while True:
            name, index = _source(text)
            node = self._nodes.by_name.get(name)
            if node is None or node.op not in ("Identity", *SWITCHES):
                return _plain(f"{name}:{index}")
            text = node.input[0]

    def output(self, text):
        """The condition under which a tensor exists."""
        name, index = _source(text.lstrip("^"))
        node = self._nodes.by_name.get(name)
        if node is None:
            return {}
        found = self.of.get(name, {})
        return {**found, self.predicate(node.input[1]): index} if node.op in SWITCHES else found

    def _condition(self, node):
        inputs = [self.output(text) for text in node.input]
        if node.op not in MERGES:
            return {p: branch for found in inputs for p, branch in found.items()}
        first, second = (self.output(text) for text in list(node.input)[:2])
        return {p: branch for p, branch in first.items() if second.get(p) == branch}


def _turn_conditionals(nodes, results):
    """Turns every conditional of a graph, or function with these `results`, into an If node."""
    conditions = _Conditions(nodes)
    groups = {}
    for node in nodes.in_order():
        if node.op in MERGES:
            groups.setdefault((node.name.rpartition("/")[0], _decided_by(node, conditions)), []).append(node)
    for (scope, predicate), merges in groups.items():
        _turn_conditional(nodes, conditions, scope, predicate, merges)
    free = [f"^{node.name}" for node in nodes.by_name.values()
            if not conditions.of.get(node.name) and node.op not in CONTROL_FLOW]
    kept = nodes.behind([*results.values(), *free], {})
    for name in [name for name in nodes.by_name if name not in kept]:
        del nodes.by_name[name]
    for node in nodes.by_name.values():
        if node.op in CONTROL_FLOW:
            raise ValueError(f"Node '{node.name}' ({node.op}) belongs to no conditional that tf.cond makes, and cannot "
                             "be turned into one.")


def _decided_by(merge, conditions):
    """The predicate whose value decides which input of a Merge there is."""
    if len([text for text in merge.input if text[:1] != "^"]) == 2:
        first, second = (conditions.output(text) for text in list(merge.input)[:2])
        differing = [p for p in first if second.get(p, first[p]) != first[p]]
        if len(differing) == 1:
            return differing[0]
    raise ValueError(f"Node '{merge.name}' ({merge.op}) belongs to no conditional that tf.cond makes: which of its "
                     "inputs there is does not follow from one predicate.")


def _turn_conditional(nodes, conditions, scope, predicate, merges):
    branches = []
    for branch in (1, 0):
        outputs = [next(text for text in merge.input if conditions.output(text).get(predicate) == branch)
                   for merge in merges]
        branches.append(_branch(nodes, conditions, predicate, branch, outputs))
    sources = list(dict.fromkeys(source for _, entering, _ in branches for source in entering.values()))
    waits = {text for _, _, needed in branches for node in needed for text in node.input
             if text[:1] == "^" and predicate not in conditions.output(text)}
    functions = []
    for kind, (outputs, entering, needed) in zip(("true", "false"), branches):
        arguments = {f"#{i}": f"arg_{i}" for i in range(len(sources))}
        arguments.update({text: f"arg_{sources.index(source)}" for text, source in entering.items()})
        functions.append(nodes.new_function(f"{scope}_{kind}", arguments, needed, outputs))
    name = f"{scope}/cond_text" if scope else "cond_text"
    node = nodes.new_node("If", name, [_outside(nodes, conditions, predicate, merges), *sources, *sorted(waits)])
    node.attr["then_branch"].func.name, node.attr["else_branch"].func.name = functions
    conditions.of[node.name] = conditions.of[merges[0].name]
    for i, merge in enumerate(merges):
        merge.op = "Identity"
        merge.input[:] = [f"{node.name}:{i}"]
        merge.attr.pop("N", None)


def _branch(nodes, conditions, predicate, branch, outputs):
    """(results, {tensor entering: tensor outside}, nodes) of one branch."""
    entering, needed, waiting = {}, {}, list(outputs)
    while waiting:
        text = waiting.pop()
        name, _ = _source(text.lstrip("^"))
        node = nodes.by_name.get(name)
        if node is None or conditions.output(text).get(predicate) != branch:
            if text[:1] != "^":
                entering[text] = text
        elif node.op in SWITCHES and conditions.predicate(node.input[1]) == predicate:
            if text[:1] != "^":
                entering[text] = node.input[0]
        elif name not in needed:
            needed[name] = node
            waiting.extend(node.input)
    return [_plain(text) if text not in entering else text for text in outputs], entering, list(needed.values())


def _outside(nodes, conditions, predicate, merges):
    """The predicate as a tensor that exists where the conditional stands."""
    wanted = conditions.of[merges[0].name]
    for node in nodes.by_name.values():
        if node.op in SWITCHES and conditions.predicate(node.input[1]) == predicate and (
                conditions.output(node.input[1]) == wanted):
            return node.input[1]
    return predicate
