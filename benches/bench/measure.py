"""Runs commands and says what they took."""

import os
import pathlib
import re
import resource
import select
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable

PAGE = os.sysconf("SC_PAGE_SIZE")


class Failed(Exception):
    """A measurement that cannot be had, with what to do."""


@dataclass(frozen=True)
class Sample:
    """What a run took: seconds on the clock, seconds of CPU (user and system), peak memory in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Contender:
    """A command to be measured. `prepare` is called before each run and not measured.

    A slow one is measured once, without a warm-up.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    output: pathlib.Path
    prepare: Callable[[], None] = field(default=lambda: None)
    slow: bool = False

    def run(self):
        """Runs the command once, its standard output in `output`, and returns the sample."""
        self.prepare()
        start = time.perf_counter()
        with self.output.open("wb") as output:
            process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.PIPE)
            said = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        if process.returncode != 0:
            raise Failed(f"{' '.join(self.command)} ended with {process.returncode}: {said.decode(errors='replace')}")
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    def peak(self):
        """Runs the command once more and returns its peak memory in bytes.

        Linux counts for a process what the one that started it had until the command took its place, and
        that is Python here, larger than some of what is measured. So the peak of what is smaller is read
        from /proc, each time before some of the output is taken: while it still has output to write, the
        process has done its work and not ended.
        """
        self.prepare()
        high = 0
        process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=PAGE)
        with process.stdout as output:
            while select.select([output], [], []):
                high = max(high, high_water(process.pid))
                if not os.read(output.fileno(), PAGE):
                    break
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (usage.ru_maxrss if usage.ru_maxrss > mine else high) * 1024


def high_water(pid):
    """Returns the peak of a process's resident memory in kB, 0 when it has ended."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) if found else 0


def alternate(contenders, runs):
    """Runs each contender in turn, `runs` times after a warm-up, and returns the median sample of each."""
    peaks = [None if contender.slow else contender.peak() for contender in contenders]
    samples = [[] for _ in contenders]
    for turn in range(runs):
        for contender, taken in zip(contenders, samples):
            if turn == 0 or not contender.slow:
                taken.append(contender.run())
    return [median(taken, peak) for taken, peak in zip(samples, peaks)]


def median(samples, peak=None):
    """Returns the medians; `peak` is taken instead of the samples' own where it was measured apart."""
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.cpu for sample in samples),
        peak or int(statistics.median(sample.peak for sample in samples)),
    )
