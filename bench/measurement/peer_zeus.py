"""zeus: one monitor for all windows, through its documented API."""

import logging
import warnings

from zeus.monitor import ZeusMonitor


# What it says about libraries of other vendors' GPUs.
BESIDE_THE_POINT = ("amdsmi",)


class Said(logging.Handler):
    """Collects what is said at level WARNING and above."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        text = " ".join(record.getMessage().split())
        if not any(word in text for word in BESIDE_THE_POINT):
            self.lines.append(text)

    def take(self):
        lines, self.lines = self.lines, []
        return lines


SAID = Said()
logging.getLogger().addHandler(SAID)
logging.captureWarnings(True)
warnings.simplefilter("always")  # Python would show each of them once only

_monitor = None


class Window:
    def __init__(self, monitor):
        self.monitor = monitor
        self.result = None

    def begin(self):
        self.monitor.begin_window("window", sync_execution=False, restart=True)

    def end(self):
        self.result = self.monitor.end_window("window", sync_execution=False)

    def energies(self):
        """Joules by part; nothing for a part that was not measured."""
        parts = {"cpu": self.result.cpu_energy, "dram": self.result.dram_energy, "gpu": self.result.gpu_energy}
        return {part: sum(by_index.values()) if by_index else None for part, by_index in parts.items()}


def window(task):
    """zeus reads CUDA_VISIBLE_DEVICES by itself."""
    global _monitor
    if _monitor is None:
        # For windows shorter than the counter's period: where it did not move, power times length is told instead of 0.
        _monitor = ZeusMonitor(approx_instant_energy=task["seconds"] < 1)
    return Window(_monitor)
