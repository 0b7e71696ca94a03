#!/usr/bin/env python3
"""Makes src/protobuf/fields-1.37.txt.gz: the numbers of the fields of Kubernetes' protocol buffers.

usage: protobuf-fields.py API APIMACHINERY OUT

API and APIMACHINERY are the directories of the Go modules k8s.io/api and k8s.io/apimachinery, v0.37.0
(`go mod download -json k8s.io/api@v0.37.0` prints where they are). Only facts are taken: message names,
field numbers, names and types of the served versions.
"""

import gzip
import pathlib
import re
import sys

SERVED = """admissionregistration/v1 apps/v1 authentication/v1 authorization/v1 autoscaling/v1 autoscaling/v2
batch/v1 certificates/v1 coordination/v1 core/v1 discovery/v1 events/v1 flowcontrol/v1 networking/v1 node/v1
policy/v1 rbac/v1 resource/v1 scheduling/v1 storage/v1""".split()
MACHINERY = ["pkg/apis/meta/v1", "pkg/runtime", "pkg/api/resource", "pkg/util/intstr"]
SCALARS = {"string": "s", "bool": "b", "bytes": "y", "int32": "i", "int64": "i", "uint32": "i", "uint64": "i"}
FIELD = re.compile(r"(optional|repeated|required)?\s*(map<string, ([\w.]+)>|[\w.]+) (\w+) = (\d+)(?: \[.*\])?;")


def definition(package, name):
    """k8s.io.api.core.v1 + Pod -> io.k8s.api.core.v1.Pod, as OpenAPI names it."""
    full = name.lstrip(".") if name.startswith((".", "k8s.io.")) else f"{package}.{name}"
    return "io.k8s." + full.removeprefix("k8s.io.")


def type_of(package, name):
    return SCALARS.get(name) or definition(package, name)


def read(path):
    text = path.read_text()
    package = re.search(r"^package ([\w.]+);", text, re.M)[1]
    message = None
    for line in text.splitlines():
        line = line.split("//")[0].strip()
        if line.startswith("message "):
            message = line.split()[1]
            yield "=" + definition(package, message)
        elif message and (found := FIELD.fullmatch(line)):
            label, kind, value, name, number = found.groups()
            mark = "%" if value else "*" if label == "repeated" else ""
            yield f"{number} {name} {mark}{type_of(package, value or kind)}"


def main():
    api, machinery, out = map(pathlib.Path, sys.argv[1:])
    paths = [api / it / "generated.proto" for it in SERVED]
    paths += [machinery / it / "generated.proto" for it in MACHINERY]
    lines = [line for path in paths for line in read(path)]
    text = "\n".join(lines) + "\n"
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


main()
