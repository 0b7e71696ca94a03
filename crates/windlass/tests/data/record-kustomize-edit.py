#!/usr/bin/env python3
"""Records what kustomize 5.8.1 does with each case of kustomize-edit.json.

usage: record-kustomize-edit.py PATH-OF-KUSTOMIZE

A case has the words of a command line, the files of a scene, and `before`, the kustomization file (none when it is
missing; "full" stands for the text of that name). `after` is the file that the program leaves, null where it fails;
`changed` are the other files that it has changed then."""

import json
import pathlib
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).with_name("kustomize-edit.json")
FILE = "kustomization.yaml"


def record(program, data, case):
    files = dict(data["scenes"][case["scene"]])
    if "before" in case:
        files[FILE] = data["full"] if case["before"] == "full" else case["before"]
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode())
        ran = subprocess.run([program, *case["words"]], cwd=root, capture_output=True)
        done = ran.returncode == 0
        case["after"] = (root / FILE).read_text() if done else None
        there = {name: (root / name).read_text() for name in files if name != FILE}
        changed = {name: text for name, text in there.items() if text != files[name]}
        case.pop("changed", None)
        if done and changed:
            case["changed"] = changed


def main():
    data = json.loads(CASES.read_text())
    for case in data["cases"]:
        record(sys.argv[1], data, case)
    cases = ",\n".join(json.dumps(case) for case in data["cases"])
    head = json.dumps({"full": data["full"], "scenes": data["scenes"]}, indent=1)
    CASES.write_text(f'{head[:-2]},\n "cases": [\n{cases}\n]\n}}\n')


main()
