"""Runs commands and says what they took."""

import os
import pathlib
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable

# Runs that take less than so many seconds are measured so many times as often: little disturbs them.
SHORT, TIMES = 0.1, 10


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
        """Runs the command once, its standard output in `output`, and returns the sample.

        It is started without a copy of this process, and nothing is read while it runs.
        """
        self.prepare()
        said = self.output.with_suffix(".err")
        with self.output.open("wb") as output, said.open("wb") as error:
            files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                     (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                     (os.POSIX_SPAWN_DUP2, error.fileno(), 2)]
            start = time.perf_counter()
            process = os.posix_spawnp(self.command[0], self.command, self.environment, file_actions=files,
                                      setsigdef=[signal.SIGPIPE])
            _, status, usage = os.wait4(process, 0)
            wall = time.perf_counter() - start
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise Failed(f"{' '.join(self.command)} ended with {code}: {said.read_text(errors='replace')}")
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    def peak(self):
        """Runs the command once more and returns its peak memory in bytes.

        Linux counts for a process what the one that started it had until the command took its place, and
        that is Python here, larger than some of what is measured. GNU time is small.
        """
        self.prepare()
        measured = self.output.with_suffix(".peak")
        command = ["time", "--quiet", "--format=%M", f"--output={measured}", *self.command]
        subprocess.run(command, env=self.environment, check=False, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(measured.read_text()) * 1024


def alternate(contenders, runs):
    """Runs each contender in turn, `runs` times after a warm-up, and returns the median sample of each.

    Where none takes `SHORT` seconds, `TIMES` as often.
    """
    peaks = [None if contender.slow else contender.peak() for contender in contenders]
    if not any(contender.slow for contender in contenders):
        longest = max(contender.run().wall for contender in contenders)
        runs *= TIMES if longest < SHORT else 1
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
