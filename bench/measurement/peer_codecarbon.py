"""codecarbon: a tracker for each window, through its documented API."""

import logging

from codecarbon import OfflineEmissionsTracker
from codecarbon.external.hardware import GPU

JOULES_PER_KWH = 3.6e6

# What it says about everything but the measurement.
BESIDE_THE_POINT = ("Multiple instances", "region", "electricity", "emissions", "CO2", "experiment",
                    "we don't know it")


class Said(logging.Handler):
    """Collects what is said at level WARNING and above, and by which method the parts are tracked."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        text = " ".join(record.getMessage().split())
        if record.levelno >= logging.WARNING and not any(word in text for word in BESIDE_THE_POINT):
            self.lines.append(text)
        elif "Tracking Method" in text:
            self.lines.extend(f"{part}" for part in split_methods(text))

    def take(self):
        lines, self.lines = self.lines, []
        return lines


def split_methods(text):
    """The methods that are no measurement: models and constants, which codecarbon names at level INFO."""
    parts = text.split("The below tracking methods have been set up:")[-1]
    words = parts.replace(" CPU Tracking Method", "\nCPU Tracking Method").replace(
        " GPU Tracking Method", "\nGPU Tracking Method")
    return [line.strip() for line in words.splitlines()
            if any(word in line for word in ("model", "constant", "cpu_load", "Unspecified"))]


SAID = Said()
logging.getLogger("codecarbon").addHandler(SAID)

# Its best settings: the whole machine, a tenth of a second between readings where the default is 15 s, memory counted.
SETTINGS = dict(country_iso_code="ESP", tracking_mode="machine", measure_power_secs=0.1, rapl_include_dram=True,
                save_to_file=False, save_to_api=False, allow_multiple_runs=True, log_level="info")


class Window:
    """One tracker for each window, started and stopped: read every tenth of a second in between."""

    def __init__(self, gpu_ids):
        """`gpu_ids`: indices of the GPUs that are asked for, or nothing."""
        self.tracker = OfflineEmissionsTracker(gpu_ids=gpu_ids, **SETTINGS)

    def begin(self):
        self.tracker.start()

    def end(self):
        self.tracker.stop()
        self.data = self.tracker.final_emissions_data

    def energies(self):
        """Joules by part; nothing for a part that was not tracked."""
        tracks_gpus = any(isinstance(part, GPU) for part in self.tracker._hardware)
        return {"cpu": self.data.cpu_energy * JOULES_PER_KWH, "dram": self.data.ram_energy * JOULES_PER_KWH,
                "gpu": self.data.gpu_energy * JOULES_PER_KWH if tracks_gpus else None}


class Task(Window):
    """A task of one tracker: what codecarbon has for a piece of code, read at its edges only."""

    def __init__(self, tracker):
        self.tracker = tracker

    def begin(self):
        self.tracker.start_task()

    def end(self):
        self.data = self.tracker.stop_task()


_tracker = None


def window(task):
    """A task where the window is short, which gives better numbers there."""
    global _tracker
    if task["seconds"] >= 1:
        return Window(task["gpus"])
    if _tracker is None:
        _tracker = OfflineEmissionsTracker(gpu_ids=task["gpus"], **SETTINGS)
    return Task(_tracker)
