"""The base of Espalier's workers: the protocol of docs/runtimes.md, version 1, around a class that executes models.

Espalier puts this text before that of a worker and runs both as one program; a worker that is run as a file imports
it. A worker derives a class from Runtime and hands it to serve(). It may do what it likes with standard output: the
descriptor is pointed at standard error before any library is imported, and replies keep the real one to themselves.
"""

import dataclasses
import json
import mmap
import os
import sys
import traceback

PROTOCOL = 1
LONGEST_LINE = 1 << 20   # bytes of a request or a reply, its end included
LONGEST_MESSAGE = 600    # characters of an error: the rest stands in standard error
MEMORY = 3               # the descriptor of the shared memory
F32_BYTES = 4

encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Unsupported(Exception):
    """This combination of tactic, device and model cannot be had; the study goes on without it."""


class Refused(Exception):
    """A request that breaks the protocol."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One treatment of a tactic: its name, and what stands after the colon ("" where nothing does)."""

    name: str
    parameter: str

    def amount(self, default: float = 0.3) -> float:
        """The fraction in [0, 1) that a pruning tactic removes."""
        try:
            amount = float(self.parameter or default)
        except ValueError:
            amount = -1.0
        if not 0 <= amount < 1:
            raise Unsupported(f"the amount of {self.name} must be at least 0 and below 1, not '{self.parameter}'")
        return amount


def steps_of(tactic: str) -> list[Step]:
    """The treatments of "global-pruning:0.5+compile", in their order; none for "baseline"."""
    pairs = [part.partition(":") for part in tactic.split("+")]
    return [Step(name, parameter) for name, _, parameter in pairs if (name, parameter) != ("baseline", "")]


@dataclasses.dataclass(frozen=True)
class Spec:
    """The variant that `load` asks for.

    `pixels` f32 [batch, channels, height, width] and `logits` f32 [batch, classes] are views of the shared memory;
    `calibration` f32 [images, channels, height, width] is a read-only view of its file, or None.
    """

    model: str
    onnx: str | None
    device: str
    steps: list[Step]
    batch: int
    threads: int
    pixels: "numpy.ndarray"
    logits: "numpy.ndarray"
    calibration: "numpy.ndarray | None"

    def padded(self, images: int) -> "numpy.ndarray":
        """The first pixel values and zeros for the rest of the batch, for executors whose shapes are fixed."""
        pixels = self.pixels.copy()
        pixels[images:] = 0
        return pixels


class Runtime:
    """What a worker does. The methods are called in this order, `run` any number of times; each may raise
    Unsupported with a sentence that says why, and whatever else it raises is reported as a failure."""

    name = ""                        # of the runtime
    formats: tuple[str, ...] = ()    # that it reads, of "huggingface" and "onnx"

    def open(self) -> dict:
        """Imports the libraries; returns `version`, `libraries` and `devices` as hello reports them."""
        raise NotImplementedError

    def supports(self, steps: list[Step], device: str) -> None:
        """Raises Unsupported where these treatments cannot be had on this device."""
        raise NotImplementedError

    def load(self, spec: Spec) -> None:
        """Reads the whole model onto the device."""
        raise NotImplementedError

    def optimize(self) -> None:
        """Applies the treatments: afterwards the variant is ready to run."""
        raise NotImplementedError

    def run(self, images: int) -> None:
        """Writes the logits of the first `images` pixel values to spec.logits; complete when it returns."""
        raise NotImplementedError

    def evidence(self) -> dict:
        """What really happened, found by looking at the model. Unknown keys are left out."""
        raise NotImplementedError

    def close(self) -> None:
        """Removes what the runtime left on disk."""


def take(request: dict, key: str, kind: type, least: int | None = None):
    """The value of a key, checked: a Refused names the key and what came instead."""
    value = request.get(key)
    if not isinstance(value, kind) or isinstance(value, bool) or (least is not None and value < least):
        bound = "" if least is None else f" of at least {least}"
        raise Refused(f"'{key}' must be {kind.__name__}{bound}, not {str(value)[:60]}")
    return value


def view(memory, key: str, offset: int, shape: tuple[int, ...]):
    """A writable f32 view of `memory` at a byte offset."""
    import numpy
    bytes_needed = F32_BYTES * int(numpy.prod(shape, dtype=object))
    if offset % F32_BYTES or offset + bytes_needed > len(memory):
        raise Refused(f"'{key}' needs {bytes_needed} bytes at a multiple of {F32_BYTES}, but the shared memory has "
                      f"{len(memory)} and the offset is {offset}")
    return numpy.frombuffer(memory, numpy.float32, bytes_needed // F32_BYTES, offset).reshape(shape)


def calibration_of(request: dict, image: tuple[int, ...]):
    """A view of the file of further pixel values, read as it is used; None where there is none."""
    import numpy
    if request.get("calibration") is None:
        return None
    given = take(request, "calibration", dict)
    shape = (take(given, "images", int, 1), *image)
    return numpy.memmap(take(given, "path", str), numpy.float32, "r", take(given, "offset", int, 0), shape)


def spec_of(request: dict) -> Spec:
    """Checks what `load` asks for and maps the shared memory."""
    image = tuple(request["input"]) if isinstance(request.get("input"), list) else ()
    if len(image) != 3 or not all(isinstance(extent, int) and extent > 0 for extent in image):
        raise Refused("'input' must be [channels, height, width]")
    batch, classes = take(request, "batch", int, 1), take(request, "classes", int, 1)
    where = take(request, "memory", dict)
    memory = mmap.mmap(MEMORY, take(where, "bytes", int, 1))
    onnx = request.get("onnx")
    return Spec(model=take(request, "model", str), onnx=None if onnx is None else take(request, "onnx", str),
                device=take(request, "device", str), steps=steps_of(take(request, "tactic", str)), batch=batch,
                threads=take(request, "threads", int, 1),
                pixels=view(memory, "input", take(where, "input", int, 0), (batch, *image)),
                logits=view(memory, "output", take(where, "output", int, 0), (batch, classes)),
                calibration=calibration_of(request, image))


class Server:
    """Answers requests with a runtime, in the order that the protocol allows."""

    AFTER = {"supports": "hello", "load": "hello", "optimize": "load", "run": "optimize", "evidence": "optimize"}
    ONCE = {"load", "optimize"}

    def __init__(self, runtime: Runtime):
        self.runtime = runtime
        self.spec: Spec | None = None
        self.done: set[str] = set()
        self.ops = {"hello": self.hello, "supports": self.supports, "load": self.load, "optimize": self.optimize,
                    "run": self.run, "evidence": self.evidence, "exit": self.exit}

    def hello(self, request: dict) -> dict:
        if take(request, "protocol", int) != PROTOCOL:
            raise Unsupported(f"this worker speaks protocol {PROTOCOL}, not {request['protocol']}")
        try:
            opened = self.runtime.open()
        except ImportError as problem:
            raise Unsupported(f"{problem}: install it for {sys.executable}, or name another Python") from problem
        return {"protocol": PROTOCOL, "runtime": self.runtime.name, **opened, "formats": list(self.runtime.formats)}

    def supports(self, request: dict) -> dict:
        self.runtime.supports(steps_of(take(request, "tactic", str)), take(request, "device", str))
        return {}

    def load(self, request: dict) -> dict:
        spec = spec_of(request)
        self.runtime.supports(spec.steps, spec.device)
        self.runtime.load(spec)
        self.spec = spec
        return {}

    def optimize(self, request: dict) -> dict:
        self.runtime.optimize()
        return {}

    def run(self, request: dict) -> dict:
        images = request.get("images")
        if type(images) is not int or not 1 <= images <= self.spec.batch:
            raise Refused(f"'images' must be 1 to {self.spec.batch}, not {str(images)[:60]}")
        self.runtime.run(images)
        return {"shape": [images, self.spec.logits.shape[1]]}

    def evidence(self, request: dict) -> dict:
        return self.runtime.evidence()

    def exit(self, request: dict) -> dict:
        return {}

    def perform(self, request: dict) -> dict:
        op = request.get("op")
        if op not in self.ops:
            raise Refused(f"there is no op {str(op)[:60]!r}; protocol {PROTOCOL} has {', '.join(self.ops)}")
        if op in self.AFTER and self.AFTER[op] not in self.done:
            raise Refused(f"'{op}' comes after '{self.AFTER[op]}'")
        if op in self.ONCE and op in self.done:
            raise Refused(f"'{op}' comes once: start another worker for another variant")
        result = self.ops[op](request)
        self.done.add(op)
        return result

    def answer(self, line: bytes) -> bytes:
        """The reply to one line; whatever a library throws becomes an error that says what."""
        ident = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or type(request.get("id")) is not int:
                raise Refused("a request is one JSON object with a whole number 'id' and an 'op'")
            ident = request["id"]
            reply = encode({"id": ident, "result": self.perform(request)})
        except (Exception, SystemExit) as problem:
            reply = encode({"id": ident, "error": error_of(problem)})
        return reply.encode() + b"\n"


def error_of(problem: BaseException) -> dict:
    """What is told of an exception: one line; the place where it was raised goes to standard error."""
    known = isinstance(problem, (Unsupported, Refused))
    if not known:
        traceback.print_exception(problem)
    text = " ".join((str(problem) if known else f"{type(problem).__name__}: {problem}").split())
    return {"kind": "unsupported" if isinstance(problem, Unsupported) else "failed", "message": text[:LONGEST_MESSAGE]}


def keep_streams():
    """The real standard input and output, out of reach of libraries and of processes that they start."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def next_line(requests) -> bytes:
    """One line of at most LONGEST_LINE bytes. Of a longer one only as much that it cannot be read as a request."""
    line = rest = requests.readline(LONGEST_LINE)
    while rest and not rest.endswith(b"\n"):
        rest = requests.readline(LONGEST_LINE)
    return line


def write_all(descriptor: int, reply: bytes) -> None:
    while reply:
        reply = reply[os.write(descriptor, reply):]


def serve(runtime: Runtime) -> None:
    """Answers every request until `exit` or the end of standard input."""
    requests, replies = keep_streams()
    server = Server(runtime)
    try:
        while "exit" not in server.done and (line := next_line(requests)):
            write_all(replies, server.answer(line))
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # nobody is left to answer
    finally:
        runtime.close()
