"""Windlass and kubectl on a real API server: the same objects, each in a namespace of its own."""

import json
import os
import pathlib
import re
import select
import statistics
import subprocess
import threading
import time

from . import trees
from .measure import Failed, median
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


class Turn:
    """The same objects for both programs, each in a namespace of its own where nothing is yet."""

    def __init__(self, bench, plane, count, name):
        ours, theirs = f"ours-{name}", f"theirs-{name}"
        for namespace in (ours, theirs):
            plane.ask("create", "namespace", namespace)
        self.repository = trees.service_of(bench.scratch / f"repository-{count}-{name}", ours, count)
        manifests = bench.scratch / f"all-{count}-{name}.yaml"
        build = bench.windlass("build", self.repository / "kustomize/shop/overlays" / ours)
        build.run()
        manifests.write_text(build.output.read_text().replace(f"namespace: {ours}", f"namespace: {theirs}"))
        self.namespace = ours
        self.at = ["--env", ours, "--worktree", "--kubeconfig", plane.kubeconfig]
        self.up = bench.windlass("up", self.repository, *self.at, "--once")
        self.plan = bench.windlass("plan", "-C", self.repository, *self.at)
        kubectl = [bench.tools / "kubectl", "--kubeconfig", plane.kubeconfig]
        self.apply = bench.contender("kubectl", [*kubectl, "apply", "--server-side", "-f", manifests])
        self.diff = bench.contender("kubectl", [*kubectl, "diff", "--server-side", "-f", manifests])


def compare(bench, plane, count):
    what = f"{count:,} objects on a real API server"
    runs = min(bench.runs, 3)
    # A server that has just started is slower, and not for both programs alike.
    warm = Turn(bench, plane, 1000, f"warm-{count}")
    for contender in (warm.up, warm.apply):
        contender.run()
    turns = [Turn(bench, plane, count, name) for name in range(runs if count == 1000 else 1)]
    first = [[beside_server(plane, contender) for contender in (turn.up, turn.apply)] for turn in turns]
    samples = [median([sample for sample, _ in taken]) for taken in zip(*first)]
    server = [statistics.median(cpu for _, cpu in taken) for taken in zip(*first)]
    programs = ["windlass up --once", "kubectl apply"]
    yield from beside(f"{what}: first apply", samples, programs, 3)
    for program, seconds in zip(programs, server):
        yield Row(f"{what}: CPU of the server for the first apply", program, figure=f"{seconds:.2f} s")
    turn = turns[0]
    before = plane.writes()
    turn.up.run()
    turn.plan.run()
    yield Row(f"{what}: writes of a run without a change", "windlass up --once", figure=str(plane.writes() - before),
              goal="none", met=plane.writes() == before)
    again = alternate_without_peak([turn.up, turn.apply], runs)
    yield from beside(f"{what}: no change", again, programs, 20)
    planned = alternate_without_peak([turn.plan, turn.diff], runs)
    yield from beside(f"{what}: no change", planned, ["windlass plan", "kubectl diff"], 20)
    peak = max(samples[0].peak, again[0].peak, planned[0].peak)
    yield Row(f"{what}: peak memory", "windlass", figure=megabytes(peak), goal="< 100 MB", met=peak < 100e6)
    repaired = drift(bench, plane, turn)
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


def drift(bench, plane, turn):
    """Changes an object while `up` looks, and returns the seconds until it is as it was."""
    command = [bench.binary, "up", turn.repository, *turn.at, "-o", "json"]
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
        plane.ask("patch", "configmap", "shop-00000", "-n", turn.namespace, "--type=merge", "-p", change)
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
