"""The table, and the facts of the machine that its numbers belong to."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass

from .measure import SHORT, TIMES, Sample

HEAD = """\
| what | program | wall | CPU | peak memory | against the peer | goal |
| --- | --- | ---: | ---: | ---: | --- | --- |"""


@dataclass(frozen=True)
class Row:
    """A line of the table: what a program took, or a `figure` of another kind."""

    what: str
    program: str
    sample: Sample | None = None
    peer: Sample | None = None
    figure: str = ""
    goal: str = ""
    met: bool | None = None

    def markdown(self):
        cells = [self.what, self.program, *self.measured(), self.comparison(), self.judged()]
        return "| " + " | ".join(cells) + " |"

    def measured(self):
        if self.sample is None:
            return self.figure, "", ""
        return seconds(self.sample.wall), seconds(self.sample.cpu), megabytes(self.sample.peak)

    def comparison(self):
        if self.peer is None or self.sample is None:
            return ""
        wall, cpu = times(self.peer.wall / self.sample.wall), times(self.peer.cpu / self.sample.cpu)
        return f"{wall} times as fast, {cpu} by CPU; 1/{self.peer.peak / self.sample.peak:.1f} of the memory"

    def judged(self):
        if self.met is None:
            return self.goal
        return f"{self.goal}: {'met' if self.met else '**missed**'}"


def times(ratio):
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def milliseconds(value):
    return f"{value * 1000:.0f} ms"


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def machine(bench):
    """Returns the lines above the table: the machine, the versions, the load."""
    kubectl = said([bench.tools / "kubectl", "version", "--client"])
    sops = said([bench.tools / "sops", "--version", "--disable-version-check"])
    versions = [
        f"{said([bench.binary, '--version'])}, {megabytes(bench.binary.stat().st_size)}",
        f"kubectl {first(kubectl, r'Client Version: (.*)')}",
        f"kustomize {first(kubectl, r'Kustomize Version: (.*)')}",
        first(sops, r"(sops \S+)"),
        said(["rustc", "--version"]),
    ]
    return (
        f"- {os.cpu_count()} cores ({processor()}), {memory():.0f} GB, {system()}, Linux {platform.release()}\n"
        f"- {'; '.join(versions)}\n"
        f"- medians of {bench.runs} runs after a warm-up, {TIMES * bench.runs} where none takes {SHORT} s; "
        f"load average before them: {os.getloadavg()[0]:.2f}\n"
    )


def said(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return f"{command[0]} (missing)"


def first(text, pattern):
    found = re.search(pattern, text)
    return found.group(1) if found else "(unknown)"


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def processor():
    return first(read("/proc/cpuinfo"), r"model name\s*: (.*)")


def memory():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def system():
    return first(read("/etc/os-release"), r'PRETTY_NAME="(.*)"')
