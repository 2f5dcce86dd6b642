"""Runs a command and says what it and everything it started cost.

The driver is a subreaper: processes that lose their parent (a browser, a daemon) come to it, so that
their CPU time is counted, too, and what is left behind by a run is known by name.
"""
import ctypes
import os
import pty
import signal
import statistics
import subprocess
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
SETTLE_S = 5.0
SAMPLE_S = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def cpu_of(usage):
    return usage.ru_utime + usage.ru_stime


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:
        return [int(pid) for pid in listed.read().split()]


def reap_orphans():
    """CPU seconds of what the run left to us, and how many of them had to be killed."""
    cpu, killed, deadline = 0.0, 0, time.monotonic() + SETTLE_S
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu, killed
        if pid:
            cpu += cpu_of(usage)
        elif time.monotonic() < deadline:
            time.sleep(0.005)
        else:
            for left in children():
                os.kill(left, signal.SIGKILL)
                killed += 1
            deadline += SETTLE_S


class OwnCost(threading.Thread):
    """Samples CPU and peak memory of the processes of one program, its children left out."""

    def __init__(self, root, program):
        super().__init__(daemon=True)
        self.root, self.program = root, os.path.realpath(program)
        self.cpu, self.rss_kb, self.done = {}, {}, threading.Event()

    def sample(self, pid):
        try:
            if os.readlink(f"/proc/{pid}/exe") == self.program:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                    fields = stat.read().rpartition(")")[2].split()
                self.cpu[pid] = (int(fields[11]) + int(fields[12])) / TICKS
                with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.rss_kb[pid] = int(line.split()[1])
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
                return [int(child) for child in listed.read().split()]
        except (OSError, ValueError, IndexError):
            return []

    def run(self):
        while not self.done.wait(SAMPLE_S):
            level = [self.root]
            # Workers of the program are children and grandchildren; what they start is not ours.
            for _ in range(3):
                level = [child for pid in level for child in self.sample(pid)]


def run(argv, cwd, env=None, program=None):
    """{wall, cpu, code, leaked, output} of a command; own_cpu and own_rss_kb with `program`."""
    log = os.path.join(cwd, ".bench-output")
    with open(log, "wb") as output:
        started = time.monotonic()
        child = subprocess.Popen(argv, cwd=cwd, env={**os.environ, **(env or {})},
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        own = OwnCost(child.pid, program) if program else None
        if own:
            own.start()
        _, status, usage = os.wait4(child.pid, 0)
        ended = time.time()
        wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    orphans, leaked = reap_orphans()
    result = {"wall": wall, "cpu": cpu_of(usage) + orphans, "code": child.returncode,
              "leaked": leaked, "ended": ended}
    if own:
        own.done.set()
        own.join()
        result["own_cpu"] = sum(own.cpu.values())
        result["own_rss_kb"] = sum(own.rss_kb.values())
    with open(log, encoding="utf-8", errors="replace") as output:
        result["output"] = output.read()
    os.unlink(log)
    return result


def first_line(argv, cwd):
    """Seconds until the first whole line of a command shows on a terminal; then it is stopped."""
    started = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            os.execvp(argv[0], argv)
        finally:
            os._exit(127)
    seen = b""
    while b"\n" not in seen:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    wall = time.monotonic() - started if b"\n" in seen else None
    # The terminal must be read on, or what is being stopped blocks on it.
    drain = threading.Thread(target=drain_terminal, args=(terminal,), daemon=True)
    drain.start()
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        pass
    reap_orphans()
    drain.join(SETTLE_S)
    os.close(terminal)
    return wall


def drain_terminal(terminal):
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None
