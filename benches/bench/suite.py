"""The benchmarks: each is a function that yields rows of the table."""

import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass

from . import trees
from .cluster import cluster
from .measure import Contender, Failed, alternate
from .report import Row, megabytes, milliseconds
from .server import Server, Up

# More repairs of a unit in a minute are taken for a fight, and made with growing pauses.
REPAIRS = 3
REST = 10  # seconds that an idle process is looked at


@dataclass(frozen=True)
class Suite:
    """Where everything is, and how much is measured. `scratch` is an empty directory that goes away."""

    root: pathlib.Path
    scratch: pathlib.Path
    binary: pathlib.Path
    tools: pathlib.Path
    runs: int
    large: bool

    def environment(self):
        """Returns the environment of every program: the peers first in PATH, a home of its own."""
        return {"PATH": f"{self.tools}:{os.environ['PATH']}", "HOME": str(self.scratch), "LANG": "C.UTF-8"}

    def contender(self, name, command, variables=None, **more):
        words = [str(word) for word in command]
        environment = self.environment() | (variables or {})
        return Contender(name, words, environment, self.scratch / f"{name}.out", **more)

    def windlass(self, *words, **more):
        return self.contender("windlass", [self.binary, *words], **more)

    def platform(self):
        """Returns a copy of the example: the script of its users writes into it."""
        copy = self.scratch / "platform"
        if not copy.exists():
            shutil.copytree(self.root / "examples/platform", copy)
        return copy


def up(bench):
    """`up --once` on the example, cold and again on the same state"""
    state = bench.scratch / "up-state"
    words = ["up", bench.platform(), "--env", "dev", "--once", "--worktree", "--state", state]
    cold = bench.windlass(*words, prepare=lambda: shutil.rmtree(state, ignore_errors=True))
    [sample] = alternate([cold], bench.runs)
    met = sample.wall < 3 and sample.peak < 120e6
    yield Row("`up --once`, cold", "windlass", sample, goal="< 3 s, < 120 MB", met=met)
    [sample] = alternate([bench.windlass(*words)], bench.runs)
    yield Row("`up --once` on the same state", "windlass", sample)


def follow(bench):
    """`up`: from a commit, and from a change behind its back, to the apply; CPU at rest"""
    repository = bench.scratch / "repository"
    shutil.copytree(bench.platform(), repository)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=first")
    with Up(bench, repository) as up:
        commits = [commit(up, repository, number) for number in range(bench.runs + 1)]
        drifts = [drift(up) for _ in range(REPAIRS)]
        before = up.cpu()
        time.sleep(REST)
        rest = (up.cpu() - before) / REST
        resident = up.resident()
    applied, converged = (statistics.median(column) for column in zip(*commits[1:]))
    repaired = statistics.median(drifts)
    yield Row("commit of one file, to its first apply", "windlass", figure=milliseconds(applied), goal="< 1 s",
              met=applied < 1)
    yield Row("commit of one file, to converged", "windlass", figure=milliseconds(converged))
    yield Row("change behind its back, to the repair", "windlass", figure=milliseconds(repaired), goal="< 2 s",
              met=repaired < 2)
    yield Row(f"`up` at rest for {REST} s: share of a core", "windlass", figure=f"{rest:.2%}", goal="< 1 %",
              met=rest < 0.01)
    yield Row("`up` at rest: resident memory", "windlass", figure=megabytes(resident))


def commit(up, repository, number):
    """Commits a change and returns the seconds to the first apply and to converged, `git commit` included."""
    config = repository / "kustomize/storefront/base/default.conf"
    config.write_text(config.read_text() + f"# {number}\n")
    begin = time.perf_counter()
    git(repository, "commit", "--quiet", "--all", f"--message={number}")
    applied = up.wait_for("applied", "storefront")
    return applied - begin, up.wait_for("converged") - begin


def drift(up):
    """Scales a Deployment and returns the seconds until it is as it was."""
    begin = time.perf_counter()
    up.patch("/apis/apps/v1/namespaces/dev/deployments/storefront", {"spec": {"replicas": 5}})
    repaired = up.wait_for("applied", "storefront")
    up.wait_for("converged")
    return repaired - begin


def git(repository, *words):
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", repository, *identity, *words], check=True, stdin=subprocess.DEVNULL)


def environment(bench):
    """`build --env staging` beside the script with kustomize, sops and Python"""
    platform = bench.platform()
    ours = bench.windlass("build", "--env", "staging", "--worktree", "-C", platform)
    script = platform / "generate_kustomize_output.sh"
    theirs = bench.contender("script", [script], variables={"ENVIRONMENT": "staging"})
    samples = alternate([ours, theirs], bench.runs)
    if objects(ours.output) != objects(theirs.output):
        raise Failed("windlass and the script do not render the same number of objects")
    yield from beside("environment of 4 services", samples, ["windlass", "script"], 50)


def build(bench):
    """`build` of one overlay of 20 objects beside kubectl kustomize"""
    directory = trees.one_overlay(bench.scratch / "overlay")
    yield from builds(bench, "overlay of 20 objects", directory, least=20)


def crds(bench):
    """`build` of 5 MB of CustomResourceDefinitions beside kubectl kustomize"""
    directory = trees.crd_bundle(bench.scratch / "crds", 5_000_000)
    yield from builds(bench, "5 MB of CRDs", directory)


# Services of 5 objects each: so 1,000 to 10,000 objects, and what the peer took minutes for.
SIZES = [100, 200, 500, 1000, 2000]


def growth(bench):
    """`build` of 100 to 2,000 services of 5 objects; --large: to 10,000, with the peer up to 1,000"""
    for count in SIZES + [10_000] if bench.large else SIZES:
        directory = trees.services(bench.scratch / f"services-{count}", count)
        what = f"{count:,} services in one build ({5 * count:,} objects)"
        if count <= (1000 if bench.large else 200):
            yield from builds(bench, what, directory, slow=count > 200)
        else:
            [sample] = alternate([bench.windlass("build", directory)], bench.runs)
            yield Row(what, "windlass", sample)


def builds(bench, what, directory, least=None, slow=False):
    ours = bench.windlass("build", directory)
    theirs = bench.contender("kustomize", [bench.tools / "kubectl", "kustomize", directory], slow=slow)
    samples = alternate([ours, theirs], bench.runs)
    if ours.output.read_bytes() != theirs.output.read_bytes():
        raise Failed(f"windlass and kustomize do not print the same for {what}")
    yield from beside(what, samples, ["windlass", "kubectl kustomize"], least)


def beside(what, samples, programs, least):
    """Yields the row of Windlass and the row of the peer; `least` is how many times as fast we want to be."""
    ours, theirs = samples
    met = None if least is None else theirs.wall / ours.wall >= least
    goal = "" if least is None else f"{least} times as fast"
    yield Row(what, programs[0], ours, peer=theirs, goal=goal, met=met)
    yield Row(what, programs[1], theirs)


def secrets(bench):
    """`sops` on a small file and on 1,000 values, and a build of 100 encrypted files, beside sops"""
    folder = bench.scratch / "secrets"
    folder.mkdir()
    key = folder / "key.txt"
    subprocess.run([bench.tools / "age-keygen", "-o", key], check=True, capture_output=True)
    recipient = re.search(r"age1\w+", key.read_text()).group(0)
    variables = {"SOPS_AGE_KEY_FILE": str(key)}
    small, large = trees.secret(folder / "small.yaml"), trees.values(folder / "large.yaml", 20, 50)
    for what, file in [("small file", small), ("1,000 values", large)]:
        closed = file.with_suffix(".enc.yaml")
        words = ["sops", "encrypt", "--age", recipient, "--output", closed, file]
        bench.windlass(*words, variables=variables).run()
        yield from cryptic(bench, f"sops: decrypt {what}", ["decrypt", closed], variables, same=True)
        yield from cryptic(bench, f"sops: encrypt {what}", ["encrypt", "--age", recipient, file], variables)
    yield from many_values(bench, folder, recipient, variables)


def cryptic(bench, what, words, variables, same=False):
    ours = bench.windlass("sops", *words, variables=variables)
    theirs = bench.contender("sops", [bench.tools / "sops", *words], variables=variables)
    samples = alternate([ours, theirs], bench.runs)
    if same and ours.output.read_bytes() != theirs.output.read_bytes():
        raise Failed(f"windlass and sops do not print the same for {what}")
    yield from beside(what, samples, ["windlass", "sops"], 10)


def many_values(bench, folder, recipient, variables):
    """A build puts 100 encrypted values into one Secret; the peer decrypts them, a process each."""
    directory = trees.encrypted_values(folder / "many", 100)
    for file in sorted((directory / ".sops").iterdir()):
        words = ["sops", "encrypt", "--in-place", "--age", recipient, file]
        bench.windlass(*words, variables=variables).run()
    ours = bench.windlass("build", "--env", "dev", "--worktree", "-C", folder / "many", variables=variables)
    loop = f'for file in "$1"/.sops/*.enc; do {bench.tools / "sops"} decrypt "$file"; done'
    theirs = bench.contender("sops", ["sh", "-c", loop, "sh", directory], variables=variables)
    samples = alternate([ours, theirs], bench.runs)
    yield from beside("100 encrypted files: one build, 100 processes", samples, ["windlass", "sops"], 50)


def start(bench):
    """the API server: from the start of the process to /readyz, and its memory when empty"""
    servers = []
    for _ in range(bench.runs + 1):
        state = bench.scratch / "server-state"
        shutil.rmtree(state, ignore_errors=True)
        with Server(bench, state) as server:
            servers.append((server.seconds_to_ready, server.resident()))
    wall = statistics.median(seconds for seconds, _ in servers[1:])
    resident = statistics.median(size for _, size in servers[1:])
    yield Row("API server, empty state: answers /readyz", "windlass", figure=milliseconds(wall),
              goal="< 100 ms", met=wall < 0.1)
    yield Row("API server, empty: resident memory", "windlass", figure=megabytes(resident),
              goal="< 30 MB", met=resident < 30e6)


def apply(bench):
    """server-side applies a second, over 1 and 8 connections"""
    client = requests(bench)
    state = bench.scratch / "apply-state"
    with Server(bench, state) as server:
        printed = subprocess.run([client, server.kubeconfig], check=True, capture_output=True, text=True).stdout
        cpu, resident = server.cpu(), server.resident()
    applies = made = 0
    for what, rate, count in re.findall(r"^(.*): (\d+) applies a second, of (\d+)$", printed, re.MULTILINE):
        applies += int(count)
        if ", create," in what:
            # A Deployment has a ReplicaSet, and one more when it has been changed.
            made += int(count) * (3 if what.startswith("deployments") else 1)
        yield Row(f"apply: {what}", "windlass", figure=f"{int(rate):,} a second", goal="3,000", met=int(rate) >= 3000)
    yield Row("apply: CPU of the server for one", "windlass", figure=f"{cpu / applies * 1e6:.0f} µs")
    yield Row(f"API server after them, {made:,} objects: resident memory", "windlass", figure=megabytes(resident),
              goal="100,000 in 1 GB", met=resident / made < 10_000)
    with Server(bench, state) as server:
        seconds, resident = server.seconds_to_ready, server.resident()
    yield Row("API server on that state: answers /readyz", "windlass", figure=milliseconds(seconds))
    yield Row("API server on that state: resident memory", "windlass", figure=megabytes(resident))


def requests(bench):
    """Builds the load generator and returns its path."""
    command = ["cargo", "bench", "--no-run", "--locked", "-p", "windlass-apiserver", "--bench", "requests"]
    done = subprocess.run(command, cwd=bench.root, capture_output=True, text=True, check=False)
    found = re.search(r"Executable .*\((.*)\)", done.stderr)
    if done.returncode != 0 or not found:
        raise Failed(f"{' '.join(command)} failed: {done.stderr}")
    return bench.root / found.group(1)


def objects(path):
    return len(re.findall(r"^kind:", path.read_text(), re.MULTILINE))


BENCHMARKS = {
    "up": up,
    "follow": follow,
    "environment": environment,
    "build": build,
    "crds": crds,
    "growth": growth,
    "secrets": secrets,
    "start": start,
    "apply": apply,
    "cluster": cluster,
}
