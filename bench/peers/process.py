"""A contender's process, and the gate that tells whether the machine was left alone while it was measured."""

import ctypes
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def own_session(nice):
    """For Popen(preexec_fn=...): a session of its own with this niceness, which Linux weighs against other sessions
    first (autogroups). It ends with this process, however that ends: nothing is to burn on."""
    def enter():
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if nice:
            os.setpriority(os.PRIO_PROCESS, 0, nice)
            pathlib.Path("/proc/self/autogroup").write_text(str(nice))
    return enter


class Died(Exception):
    """The process ended, or did not answer in time."""


class Process:
    """Starts the worker of a contender; ask() sends one request and waits for its reply."""

    def __init__(self, contender, espalier_worker, log, nice=0):
        command = [str(espalier_worker)] if contender.ours else [sys.executable, "-W", "ignore", str(HERE / "worker.py")]
        self.log = log
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "w"),
                                      preexec_fn=own_session(nice))

    def ask(self, timeout=1200, **request):
        try:
            self.child.stdin.write(json.dumps(request).encode() + b"\n")
            self.child.stdin.flush()
            if not select.select([self.child.stdout], [], [], timeout)[0]:
                self.stop()
                raise Died(f"no answer to '{request['do']}' within {timeout} s")
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            code = self.child.wait()
            said = pathlib.Path(self.log).read_text(errors="replace").strip().splitlines()[-1:]
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise Died(f"the process ended with {how} during '{request['do']}'" + (f": {said[0][:300]}" if said else ""))
        return json.loads(line)

    def cpu_s(self):
        """Processor time of all its threads so far."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def waited_s(self):
        """How long its threads were ready to run while something else had the processor."""
        waited_ns = 0
        for task in pathlib.Path(f"/proc/{self.child.pid}/task").iterdir():
            try:
                waited_ns += int((task / "schedstat").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                pass  # the thread ended meanwhile
        return waited_ns / 1e9

    def stop(self):
        """Ends the process and what it started. Safe to call twice."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


def busy_s():
    """Processor time that the machine has spent on anything, stolen time included, and the time that has passed on it."""
    fields = [int(v) for v in open("/proc/stat").readline().split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / TICKS, sum(fields) / TICKS


class Watch:
    """Around a measurement of `process`: `foreign`, the share of the machine that anything else took meanwhile, and
    `waited`, the share of the time that threads of the process waited for a processor."""

    def __init__(self, process):
        self.process = process

    def read(self):
        return *busy_s(), self.process.cpu_s(), self.process.waited_s(), time.monotonic()

    def __enter__(self):
        self.before = self.read()
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        busy, total, own, waited, wall = (now - then for now, then in zip(self.read(), self.before))
        self.foreign = max(0.0, busy - own) / max(total, 1 / TICKS)
        self.waited = waited / wall


def wait_until_quiet(limit, patience):
    """Waits, at most `patience` seconds, until others take less than `limit` of the machine for 0.3 s."""
    deadline = time.monotonic() + patience
    while True:
        before = busy_s()
        time.sleep(0.3)
        after = busy_s()
        if (after[0] - before[0]) <= limit * (after[1] - before[1]):
            return True
        if time.monotonic() > deadline:
            return False
