"""What is measured: machines whose energy is known, and what goes wrong with them."""

from dataclasses import dataclass, field

RANGE = 262143.328850  # joules of a 32-bit counter in steps of 61 uJ


@dataclass
class Zone:
    folder: str
    name: str
    trace: str
    start_j: float = 4321.0
    range_j: float = RANGE


@dataclass
class Scenario:
    key: str
    what: str                                   # in the page
    traces: dict                                # name: text, as trace.h reads it
    asked: list                                 # names of the traces whose sum is the truth
    parts: list                                 # of a tool's answer that stand for it: cpu, dram, gpu
    zones: list = field(default_factory=list)   # of the powercap tree
    gpus: str = ""                              # of PLANT_GPUS, beside origin and traces
    gpu_traces: list = field(default_factory=list)
    seconds: float = 2.0                        # of a window
    windows: int = 10
    user: str = "root"
    denied: bool = False                        # the counters are closed from the beginning
    fault: str = ""                             # half way through the window of that number: deny, vanish, freeze
    fault_at: int = 4
    visible: int | None = None                  # CUDA_VISIBLE_DEVICES, and gpu_ids of codecarbon


def package(trace, **more):
    return Scenario(traces={"package": trace}, asked=["package"], parts=["cpu"],
                    zones=[Zone("intel-rapl:0", "package-0", "package")], **more)


def wrapping(range_j, **more):
    scenario = package("constant 120", **more)
    scenario.zones[0].range_j = range_j
    scenario.zones[0].start_j = 40.0
    return scenario


def gpu(trace, **more):
    return Scenario(traces={"gpu0": trace}, asked=["gpu0"], parts=["gpu"], gpu_traces=["gpu0"], **more)


SQUARE = "square 20 100 0.7"
SPIKES = "spikes 15 180 0.13 0.01"
GPU_SQUARE = "square 80 350 1.37"  # no multiple of the sensor's period

SCENARIOS = [
    package("constant 60", key="constant", what="CPU, constant 60 W"),
    package(SQUARE, key="square", what="CPU, 20 and 100 W in turn, each for 0.35 s"),
    package(SPIKES, key="spikes", what="CPU, 15 W with 10 ms of 180 W each 130 ms"),
    wrapping(250.0, key="wrap", what="CPU, counter wraps about once in a window (range 250 J)"),
    wrapping(60.0, key="wraps", what="CPU, counter wraps 4 times in a window (range 60 J)"),
    Scenario("server", "2 sockets, DRAM of each, psys around all: processors and memory",
             {"p0": "constant 60", "p1": "square 20 80 0.9", "d0": "constant 12", "d1": "constant 9",
              "psys": "constant 200"},
             ["p0", "p1", "d0", "d1"], ["cpu", "dram"],
             [Zone("intel-rapl:0", "package-0", "p0", 1000), Zone("intel-rapl:0:0", "dram", "d0", 700, 65712.999613),
              Zone("intel-rapl:1", "package-1", "p1", 2000), Zone("intel-rapl:1:0", "dram", "d1", 500, 65712.999613),
              Zone("intel-rapl:2", "psys", "psys", 9000)]),
    Scenario("client", "Laptop: package by MSR and MMIO, core, uncore, psys: the package",
             {"package": "square 6 30 0.7", "core": "square 2 22 0.7", "uncore": "constant 1", "psys": "square 14 44 0.7"},
             ["package"], ["cpu"],
             [Zone("intel-rapl:0", "package-0", "package", 800), Zone("intel-rapl:0:0", "core", "core", 400),
              Zone("intel-rapl:0:1", "uncore", "uncore", 50), Zone("intel-rapl:1", "psys", "psys", 1500),
              Zone("intel-rapl-mmio:0", "package-0", "package", 300)]),
    Scenario("mirrored", "1 socket of 2 dies that both show its counter",
             {"socket": SQUARE}, ["socket"], ["cpu"],
             [Zone("intel-rapl:0", "package-0-die-0", "socket"), Zone("intel-rapl:1", "package-0-die-1", "socket")]),
    Scenario("dies", "1 socket of 2 dies that count on their own",
             {"die0": "constant 50", "die1": "square 10 50 0.7"}, ["die0", "die1"], ["cpu"],
             [Zone("intel-rapl:0", "package-0-die-0", "die0", 5000), Zone("intel-rapl:1", "package-0-die-1", "die1", 3500)]),
    package(SQUARE, key="denied", what="CPU, counters that only root may read, asked by another user", user="nobody",
            denied=True),
    package(SQUARE, key="deny", what="CPU, permission is lost in the 5th window", user="nobody", fault="deny"),
    package(SQUARE, key="vanish", what="CPU, counter vanishes in the 5th window", fault="vanish"),
    package(SQUARE, key="freeze", what="CPU, counter freezes in the 5th window", fault="freeze"),
    package(SQUARE, key="short-500", what="CPU, windows of 0.5 s", seconds=0.5, windows=20),
    package(SQUARE, key="short-100", what="CPU, windows of 0.1 s", seconds=0.1, windows=20),
    package(SQUARE, key="short-20", what="CPU, windows of 20 ms", seconds=0.02, windows=20),
    gpu(GPU_SQUARE, key="gpu", what="GPU, energy counter, 80 and 350 W in turn, each for 0.685 s", seconds=5.0),
    gpu(GPU_SQUARE, key="gpu-instant", what="GPU without counter, instant power", gpus="energy=no", seconds=5.0),
    gpu(GPU_SQUARE, key="gpu-average", what="GPU without counter, power only as mean over 1 s", seconds=5.0,
        gpus="energy=no;instant=no;average=yes;architecture=7"),
    gpu(GPU_SQUARE, key="gpu-pascal", what="GPU before Volta, power only", seconds=5.0,
        gpus="energy=no;architecture=4"),
    gpu("spikes 70 500 0.2 0.02", key="gpu-spikes", what="GPU without counter, 20 ms of 500 W each 200 ms", seconds=5.0,
        gpus="energy=no"),
    gpu(GPU_SQUARE, key="gpu-mig", what="GPU with MIG on: the board", gpus="mig=yes", seconds=5.0),
    gpu(GPU_SQUARE, key="gpu-none", what="GPU that tells neither energy nor power", gpus="energy=no;power=no"),
    gpu(GPU_SQUARE, key="gpu-freeze", what="GPU, energy counter freezes in the 5th window", fault="freeze", seconds=5.0),
    Scenario("gpu-second", "2 GPUs, of which CUDA_VISIBLE_DEVICES shows the second",
             {"gpu0": "constant 300", "gpu1": GPU_SQUARE}, ["gpu1"], ["gpu"], gpu_traces=["gpu0", "gpu1"], visible=1,
             seconds=5.0),
    gpu(GPU_SQUARE, key="gpu-300", what="GPU, energy counter, windows of 0.3 s", seconds=0.3, windows=20),
    gpu("constant 250", key="gpu-50", what="GPU, energy counter, constant 250 W, windows of 50 ms", seconds=0.05, windows=20),
    gpu(GPU_SQUARE, key="gpu-50-square", what="GPU, energy counter, 80 and 350 W, windows of 50 ms", seconds=0.05, windows=20),
]
