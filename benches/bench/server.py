"""Windlass as a process that goes on for a while, and requests to its API server."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time

from .measure import Failed

PATIENCE = 60  # seconds until something that does not happen is given up


class Running:
    """A process that runs inside a `with` block and is interrupted at its end."""

    def __init__(self, bench, words, stdout=subprocess.DEVNULL):
        self.command = [bench.binary, *words]
        self.environment = bench.environment()
        self.stdout = stdout

    def __enter__(self):
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=self.stdout, stderr=subprocess.DEVNULL, text=True)
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def resident(self):
        """Returns the resident memory now, in bytes."""
        status = self.proc("status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def cpu(self):
        """Returns the seconds of CPU so far, user and system."""
        after_name = self.proc("stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}") / name


class Server(Running):
    """`windlass apiserver`; `seconds_to_ready` counts from the start of the process."""

    def __init__(self, bench, state):
        self.kubeconfig = bench.scratch / "kubeconfig"
        super().__init__(bench, ["apiserver", "--state", state, "--kubeconfig", self.kubeconfig])

    def wait_until_ready(self):
        self.kubeconfig.unlink(missing_ok=True)
        while not self.ready():
            if self.process.poll() is not None or time.perf_counter() - self.begin > PATIENCE:
                raise Failed("windlass apiserver ended, or does not answer")
            time.sleep(0.001)
        self.seconds_to_ready = time.perf_counter() - self.begin

    def ready(self):
        try:
            return request(self.kubeconfig, "GET", "/readyz") == 200
        except OSError:
            return False


class Up(Running):
    """`windlass up` on a repository, with its events."""

    def __init__(self, bench, repository):
        self.state = bench.scratch / "follow-state"
        words = ["up", repository, "--env", "dev", "-o", "json", "--state", self.state]
        super().__init__(bench, words, stdout=subprocess.PIPE)

    def wait_until_ready(self):
        shutil.rmtree(self.state, ignore_errors=True)
        self.wait_for("converged")

    def wait_for(self, event, unit=None):
        """Reads events up to the one that is meant and returns when it was read."""
        alarm = threading.Timer(PATIENCE, self.process.kill)
        alarm.start()
        try:
            for line in self.process.stdout:
                said = json.loads(line)
                if said["event"] == event and unit in (None, said.get("unit")):
                    return time.perf_counter()
        finally:
            alarm.cancel()
        raise Failed(f"windlass up ended, or waited {PATIENCE} s for {event}")

    def patch(self, path, change):
        code = request(self.state / "kubeconfig", "PATCH", path, json.dumps(change))
        if code != 200:
            raise Failed(f"PATCH {path}: {code}")


def request(kubeconfig, method, path, body=None):
    """Sends a request as the kubeconfig says and returns the status code."""
    text = kubeconfig.read_text()
    address, port = re.search(r"server: https://(.*):(\d+)", text).groups()
    authority = base64.b64decode(re.search(r"certificate-authority-data: (\S+)", text).group(1)).decode()
    token = re.search(r"token: (\S+)", text).group(1)
    context = ssl.create_default_context(cadata=authority)
    connection = http.client.HTTPSConnection(address, int(port), context=context, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"}
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
