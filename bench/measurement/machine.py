#!/usr/bin/env python3
"""One tool on one machine of scenarios.py, alone in a mount namespace:  unshare -m machine.py JOB.json

Puts the plant's powercap tree where tools look for it, starts the plant and the tool, breaks what is to break, asks the
plant for the truth, and writes what happened as JSON on standard output. Needs root, for the mounts."""

import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time

import scenarios

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 65534


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def show_tree(folder):
    """Lays the tree over /sys/class, and takes the sign of a virtual machine out of /proc/cpuinfo, so that every tool
    sees counters of hardware."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "plant", folder)
    for name in ("upper", "work"):
        (folder / name).mkdir()
    (folder / "upper/powercap").mkdir()
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir=/sys/class,upperdir={folder}/upper,workdir={folder}/work", "/sys/class")
    cpuinfo = folder / "cpuinfo"
    cpuinfo.write_text(pathlib.Path("/proc/cpuinfo").read_text().replace(" hypervisor", ""))
    cpuinfo.chmod(0o444)
    run("mount", "--bind", cpuinfo, "/proc/cpuinfo")
    return pathlib.Path("/sys/class/powercap")


class Plant:
    """The process that writes the counters."""

    def __init__(self, program, scenario, folder, tree, origin):
        machine = folder / "machine.json"
        machine.write_text(json.dumps({"origin_s": origin, "traces": scenario.traces,
                                       "zones": [vars(zone) for zone in scenario.zones]}))
        self.process = subprocess.Popen([program, machine, tree], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, line):
        with self.lock:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip()

    def energy(self, traces, start, end):
        return sum(float(self.ask(f"energy {trace} {start:.9f} {end:.9f}")) for trace in traces)


def wait_for_fault(pipe, plant, scenario, frozen):
    """Breaks what the scenario says when the work asks for it."""
    with open(pipe) as waiting:
        waiting.read()
    if scenario.gpu_traces:
        partial = frozen.with_suffix(".new")
        partial.write_text(f"{time.monotonic():.6f}")
        partial.chmod(0o444)
        partial.rename(frozen)
    else:
        plant.ask(f"fault {scenario.fault}")


def environment(job, scenario, origin, home, frozen):
    words = [f"origin={origin:.6f}", *(f"trace={scenario.traces[name]}" for name in scenario.gpu_traces)]
    words += [word for word in scenario.gpus.split(";") if word]
    if scenario.gpu_traces and scenario.fault:
        words.append(f"frozen={frozen}")
    values = dict(os.environ, HOME=str(home), PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="1")
    if scenario.gpu_traces:
        # codecarbon looks for GPUs only where there is a program nvidia-smi.
        values |= {"LD_LIBRARY_PATH": job["nvml"], "PLANT_GPUS": ";".join(words), "PATH": f"{HERE}/bin:{os.environ['PATH']}"}
    if scenario.visible is not None:
        values["CUDA_VISIBLE_DEVICES"] = str(scenario.visible)
    return values


def command_of(job, scenario, folder, pipe):
    if job["tool"] == "espalier":
        work = ["sleep", str(scenario.seconds)]
        if scenario.fault:
            work = ["sh", HERE / "work.sh", str(scenario.seconds / 2), str(scenario.fault_at), folder / "count", pipe]
        command = [job["espalier"], "measure", "--json", "--runs", str(scenario.windows), "--", *work]
    else:
        task = {"windows": scenario.windows, "seconds": scenario.seconds, "fault_pipe": str(pipe),
                "fault_at": scenario.fault_at if scenario.fault else None,
                "gpus": None if scenario.visible is None else [scenario.visible]}
        command = [job["python"], HERE / "peer.py", job["tool"], json.dumps(task)]
    if scenario.user == "nobody":
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return [str(word) for word in command]


def windows_of_espalier(output):
    """The windows of `espalier measure --json` in the form of peer.py."""
    for line in output.splitlines():
        for number, run_ in enumerate(json.loads(line)["runs"]):
            energies = {part: None for part in ("cpu", "dram", "gpu")}
            bounds = {}
            for energy in run_["energies"]:
                energies[energy["part"]] = energy["energy_j"]
                bounds[energy["part"]] = energy["bound_j"]
            used = {energy["meter"] for energy in run_["energies"]}
            said = list(run_["doubts"]) + [meter["problem"] for meter in run_["meters"] if meter["problem"]]
            said += [note for meter in run_["meters"] if meter["meter"] in used for note in meter["notes"]]
            yield {"window": number, "start_s": run_["start_s"], "end_s": run_["end_s"], "energies": energies,
                   "bounds": bounds, "said": said, "error": None, "cpu_time_s": run_["own_cpu_time_s"],
                   "meters": sorted({f"{energy['meter']} (tier {energy['tier']})" for energy in run_["energies"]})}


def measure(job):
    scenario = next(s for s in scenarios.SCENARIOS if s.key == job["scenario"])
    folder = pathlib.Path(job["folder"])
    tree = show_tree(folder)
    origin = time.monotonic() - 1.0
    plant = Plant(job["plant"], scenario, folder, tree, origin)
    if scenario.denied:
        plant.ask("fault deny")
    state = folder / "state"
    state.mkdir()
    state.chmod(0o777)
    pipe, frozen = state / "fault", state / "frozen"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    if scenario.fault:
        threading.Thread(target=wait_for_fault, args=(pipe, plant, scenario, frozen), daemon=True).start()
    plant.ask("late")
    tool = subprocess.run(command_of(job, scenario, state, pipe), capture_output=True, text=True, cwd=state,
                          env=environment(job, scenario, origin, state, frozen), timeout=300)
    late = float(plant.ask("late"))
    if job["tool"] == "espalier":
        windows = list(windows_of_espalier(tool.stdout))
    else:
        windows = [json.loads(line) for line in tool.stdout.splitlines() if line.startswith("{")]
    for window in windows:
        window["truth_j"] = plant.energy(scenario.asked, window["start_s"], window["end_s"])
        window["meters"] = window.get("meters", [])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"scenario": scenario.key, "tool": job["tool"], "exit_code": tool.returncode, "windows": windows,
            "stderr": tool.stderr[-4000:], "plant_late_s": late, "cpu_time_s": used.ru_utime + used.ru_stime}


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(pathlib.Path(sys.argv[1]).read_text()))))
