"""Runs commands and says what they took."""

import os
import pathlib
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable


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

        Linux counts the memory of the process that forks until the command takes its place, and that is
        Python here, larger than some of what is measured. `time` is small.
        """
        report = self.output.with_suffix(".peak")
        time_first = ["time", "-f", "%M", "-o", str(report), *self.command]
        Contender(self.name, time_first, self.environment, self.output, self.prepare).run()
        return int(report.read_text()) * 1024


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
