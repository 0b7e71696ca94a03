"""Windlass and kubectl on a real API server: the same objects, each in a namespace of its own."""

import json
import os
import pathlib
import re
import select
import subprocess
import threading
import time

from . import trees
from .measure import Failed
from .report import Row, megabytes, milliseconds
from .server import PATIENCE

# Nobody acts upon what is applied, so that an apply is all that is measured.
CONTROLLERS = "namespace-controller,garbage-collector-controller,serviceaccount-controller"
START = 120  # seconds until the control plane is given up


class ControlPlane:
    """etcd, kube-apiserver and kube-controller-manager inside a `with` block."""

    def __init__(self, bench):
        self.command = [bench.root / "tools/kubernetes/up", "--controllers", CONTROLLERS]
        self.environment = bench.environment() | {"HOME": os.environ["HOME"]}
        self.kubectl = bench.tools / "kubectl"

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START)
        self.kubeconfig = self.process.stdout.readline().strip() if ready else ""
        if not self.kubeconfig:
            self.__exit__()
            raise Failed("there is no control plane: run tools/kubernetes/install")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *words):
        command = [self.kubectl, "--kubeconfig", self.kubeconfig, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def cpu(self):
        """Returns the seconds of CPU of its programs so far, user and system."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        stats = [pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def writes(self):
        """Returns how many writes the server has carried out, but for its own leases and events."""
        count = 0
        for line in self.ask("get", "--raw", "/metrics").splitlines():
            if not line.startswith("apiserver_request_total{"):
                continue
            label = dict(re.findall(r'(\w+)="([^"]*)"', line))
            is_write = label["verb"] in ("POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION")
            if is_write and not label["dry_run"] and label["resource"] not in ("leases", "events"):
                count += int(float(line.rsplit(" ", 1)[1]))
        return count


def cluster(bench):
    """`up --once` beside kubectl apply and diff on a real API server, 1,000 objects; --large: 10,000"""
    for count in [1000, 10_000] if bench.large else [1000]:
        with ControlPlane(bench) as plane:
            yield from compare(bench, plane, count)


def compare(bench, plane, count):
    what = f"{count:,} objects on a real API server"
    for namespace in ("ours", "theirs"):
        plane.ask("create", "namespace", namespace)
    repository = trees.service_of(bench.scratch / f"repository-{count}", "ours", count)
    manifests = bench.scratch / f"all-{count}.yaml"
    build = bench.windlass("build", repository / "kustomize/shop/overlays/bench")
    build.run()
    manifests.write_text(build.output.read_text().replace("namespace: ours", "namespace: theirs"))
    at = ["--env", "bench", "--worktree", "--kubeconfig", plane.kubeconfig]
    up = bench.windlass("up", repository, *at, "--once")
    plan = bench.windlass("plan", "-C", repository, *at)
    kubectl = [bench.tools / "kubectl", "--kubeconfig", plane.kubeconfig]
    apply = bench.contender("kubectl", [*kubectl, "apply", "--server-side", "-f", manifests])
    diff = bench.contender("kubectl", [*kubectl, "diff", "--server-side", "-f", manifests])

    programs = ["windlass up --once", "kubectl apply"]
    first, server = zip(*(beside_server(plane, contender) for contender in (up, apply)))
    yield from beside(f"{what}: first apply", first, programs, 3)
    for program, seconds in zip(programs, server):
        yield Row(f"{what}: CPU of the server for the first apply", program, figure=f"{seconds:.2f} s")
    before = plane.writes()
    up.run()
    plan.run()
    yield Row(f"{what}: writes of a run without a change", "windlass up --once", figure=str(plane.writes() - before),
              goal="none", met=plane.writes() == before)
    runs = min(bench.runs, 3)
    again = alternate_without_peak([up, apply], runs)
    yield from beside(f"{what}: no change", again, programs, 20)
    again = alternate_without_peak([plan, diff], runs)
    yield from beside(f"{what}: no change", again, ["windlass plan", "kubectl diff"], 20)
    peak = max(first[0].peak, again[0].peak)
    yield Row(f"{what}: peak memory", "windlass up --once", figure=megabytes(peak), goal="< 100 MB", met=peak < 100e6)
    repaired = drift(bench, plane, repository, at)
    yield Row(f"{what}: change behind its back, to the repair", "windlass up", figure=milliseconds(repaired),
              goal="< 2 s", met=repaired < 2)


def beside_server(plane, contender):
    """Returns the sample of a run, and the CPU that the control plane took meanwhile."""
    before = plane.cpu()
    return contender.run(), plane.cpu() - before


def alternate_without_peak(contenders, runs):
    """The peak of such runs is far above that of Python, and a run more takes too long."""
    samples = [[] for _ in contenders]
    for _ in range(runs):
        for contender, taken in zip(contenders, samples):
            taken.append(contender.run())
    return [sorted(taken, key=lambda sample: sample.wall)[len(taken) // 2] for taken in samples]


def beside(what, samples, programs, least):
    ours, theirs = samples
    met = theirs.wall / ours.wall >= least
    yield Row(what, programs[0], ours, peer=theirs, goal=f"{least} times as fast", met=met)
    yield Row(what, programs[1], theirs)


def drift(bench, plane, repository, at):
    """Changes an object while `up` looks, and returns the seconds until it is as it was."""
    command = [bench.binary, "up", repository, *at, "-o", "json"]
    process = subprocess.Popen(command, env=bench.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    alarm = threading.Timer(PATIENCE, process.kill)
    alarm.start()
    try:
        wait_for(process, "converged")
        # Watches begin when it has converged.
        time.sleep(2)
        begin = time.perf_counter()
        change = json.dumps({"data": {"LOG_LEVEL": "debug"}})
        plane.ask("patch", "configmap", "shop-00000", "-n", "ours", "--type=merge", "-p", change)
        return wait_for(process, "applied") - begin
    finally:
        alarm.cancel()
        process.terminate()
        process.wait()


def wait_for(process, event):
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            return time.perf_counter()
    raise Failed(f"windlass up ended, or waited {PATIENCE} s for {event}")
