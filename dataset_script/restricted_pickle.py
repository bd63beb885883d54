"""Reads a pickle without letting it run anything.

Python's own unpickler imports and calls what the file names. Here a small stack machine, which imports nothing, carries
out the operations: a global stays a pair of names, and "call this" makes a value only with the few constructors that
the caller passes. Every other object becomes an `Inert`, which holds its name and nothing of its content. So a
checkpoint loads although it holds classes that are not installed, and a hostile one does nothing.

`pickletools` (standard library) splits the bytes into operations; it decodes numbers and strings and calls nothing.
"""

import pickletools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput

MAX_BYTES = 16 * 2**20
"""Longest pickle that is read. A checkpoint's is below 2 MiB, since its tensors lie outside; this bounds the memory."""

_MOST_OPERATIONS = 2_000_000
"""Of a pickle: each byte of one could make a list."""

_KEYS = (str, bytes, int, float, bool, type(None))
_LITERAL = re.compile(r"(BIN)?INT[12]?|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BIN)?(STRING|UNICODE|BYTES)8?|BYTEARRAY8")
"""Operations that push a number, string or bytes."""
_NEW: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": lambda: Inert("builtins.set"),
}


@dataclass(frozen=True)
class Global:
    """What the file calls `module.name`; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Inert:
    """Stands for an object that was not made: `name` is the class or function that would have made it."""

    name: str


class Stateful:
    """What a constructor may make: a value that gets its content afterwards, by `BUILD`."""

    def take(self, state: Any) -> None:
        """Takes what the file says of the object. May raise TypeError, ValueError or InvalidInput."""


def one_line(text: str) -> str:
    """A name out of the file, fit for a message: printable, and at most 100 characters."""
    text = text if len(text) <= 100 else f"{text[:97]}..."
    return text if text.isprintable() else ascii(text)


def read_pickle(
    data: bytes,
    constructors: Mapping[tuple[str, str], Callable[..., Any]],
    persistent: Callable[[Any], Any],
    most_bytes: int = MAX_BYTES,
) -> Any:
    """The content of a pickle, of plain Python values, what `constructors` make, `Global` and `Inert`.

    Sets, and dictionary entries whose key is no number, string or None, are not kept.

    Args:
        data: the pickle, protocol 0 to 5.
        constructors: (module, name) -> what to call in place of that global. They must be harmless whatever their
            arguments, and may raise TypeError, ValueError or InvalidInput.
        persistent: makes an object of a persistent id (in PyTorch's files: a storage).
        most_bytes: longest pickle that is read.

    Raises:
        InvalidInput: not a pickle, longer than `most_bytes`, or with an operation that checkpoints do not have.
    """
    if len(data) > most_bytes:
        raise InvalidInput(f"the pickle has {len(data):,} bytes; allowed is up to {most_bytes:,}")
    machine = _Machine(constructors, persistent)
    try:
        for number, (operation, argument, _) in enumerate(pickletools.genops(data)):
            if number == _MOST_OPERATIONS:
                raise InvalidInput(f"the pickle has more than {_MOST_OPERATIONS:,} operations")
            if operation.name == "STOP":
                return machine.stack.pop()
            machine.step(operation.name, argument)
    except InvalidInput:
        raise
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise InvalidInput(f"the pickle is malformed: {error or type(error).__name__}") from error
    raise InvalidInput("the pickle is malformed: it has no end")


class _Machine:
    """The stack, the marks on it and the memo, as `pickle` has them."""

    def __init__(self, constructors: Mapping[tuple[str, str], Callable[..., Any]], persistent: Callable[[Any], Any]):
        self.constructors = constructors
        self.persistent = persistent
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Carries out one operation. LookupError and TypeError when the stack does not hold what it needs."""
        if _LITERAL.fullmatch(name):
            self.stack.append(argument)
        elif name in _NEW:
            self.stack.append(_NEW[name]())
        elif name.endswith("PUT"):
            self.memo[argument] = self.stack[-1]
        elif name.endswith("GET"):
            self.stack.append(self.memo[argument])
        elif not (self._move(name) or self._change_container(name) or self._make_object(name, argument)):
            raise InvalidInput(f"the pickle has the operation {name}, which checkpoints do not have")

    def _move(self, name: str) -> bool:
        """Carries out an operation on the stack, its marks and the memo alone; False if it is another one."""
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self.below.append(self.stack)
                self.stack = []
            case "POP":
                self.stack.pop()
            case "POP_MARK":
                self._marked()
            case "DUP":
                self.stack.append(self.stack[-1])
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case _:
                return False
        return True

    def _change_container(self, name: str) -> bool:
        """Carries out an operation that makes a tuple, list or dictionary, or fills one; False if it is another one."""
        match name:
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                if len(self.stack) < count:
                    raise IndexError("the stack is too short")
                self.stack[-count:] = [tuple(self.stack[-count:])]
            case "TUPLE":
                items = self._marked()
                self.stack.append(tuple(items))
            case "LIST":
                items = self._marked()
                self.stack.append(items)
            case "DICT":
                items = self._marked()
                self.stack.append({})
                self._set(items)
            case "FROZENSET":
                self._marked()
                self.stack.append(Inert("builtins.frozenset"))
            case "APPEND":
                self._append([self.stack.pop()])
            case "APPENDS" | "ADDITEMS":
                self._append(self._marked())
            case "SETITEM":
                value = self.stack.pop()
                self._set([self.stack.pop(), value])
            case "SETITEMS":
                self._set(self._marked())
            case _:
                return False
        return True

    def _make_object(self, name: str, argument: Any) -> bool:
        """Carries out an operation that names a global or calls something; False if it is another one."""
        pop, push = self.stack.pop, self.stack.append
        match name:
            case "GLOBAL":
                push(Global(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                attribute, module = pop(), pop()
                if not (isinstance(module, str) and isinstance(attribute, str)):
                    raise TypeError("a global without a name")
                push(Global(module, attribute))
            case "REDUCE" | "NEWOBJ":
                arguments = pop()
                push(self._call(pop(), arguments))
            case "NEWOBJ_EX":
                pop(), pop()
                push(_inert(pop()))
            case "BUILD":
                state = pop()
                if isinstance(self.stack[-1], Stateful):  # nothing else here has attributes
                    self.stack[-1].take(state)
            case "OBJ":
                made_by = self._marked()[0]
                self.stack.append(_inert(made_by))
            case "INST":
                self._marked()
                self.stack.append(Inert(argument.replace(" ", ".", 1)))
            case "BINPERSID":
                push(self.persistent(pop()))
            case _:
                return False
        return True

    def _marked(self) -> list[Any]:
        """Takes what lies above the last mark off the stack."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def _call(self, function: Any, arguments: Any) -> Any:
        constructor = self.constructors.get((function.module, function.name)) if isinstance(function, Global) else None
        if constructor is None:
            return _inert(function)
        return constructor(*arguments)

    def _append(self, items: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def _set(self, items: list[Any]) -> None:
        """Key, value, key, value, … into the dictionary on the stack. Tuples as keys could take forever to hash."""
        if isinstance(self.stack[-1], dict):
            pairs = zip(items[::2], items[1::2], strict=True)
            self.stack[-1].update((key, value) for key, value in pairs if isinstance(key, _KEYS))


def _inert(made_by: Any) -> Inert:
    if isinstance(made_by, Inert):  # an instance is called: keep the name of its class
        return made_by
    return Inert(str(made_by) if isinstance(made_by, Global) else type(made_by).__name__)
