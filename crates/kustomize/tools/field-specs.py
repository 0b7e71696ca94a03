#!/usr/bin/env python3
"""Prints the built-in field specs of kustomize as a table: which fields each transformer changes.

    tools/field-specs.py DIR > src/config/defaults.txt

DIR is `internal/konfig/builtinpluginconsts` of the Go module sigs.k8s.io/kustomize/api. Needs PyYAML.
Only the facts are kept: section, group, version, kind, whether the field is created, path.
"""
import pathlib
import re
import sys

import yaml

FILES = ["nameprefix", "namesuffix", "commonlabels", "templatelabels", "commonannotations",
         "namespace", "varreference", "namereference", "images", "replicas"]


def text_of(directory, name):
    source = (directory / f"{name}.go").read_text()
    literal = re.search(r"`(.*?)`", source, re.S).group(1)
    if name in ("commonlabels", "templatelabels"):
        literal += text_of(directory, "metadatalabels")
    return literal


def word(spec, key):
    return str(spec.get(key) or "-")


def row(spec):
    create = "create" if spec.get("create") else "keep"
    return " ".join([word(spec, "group"), word(spec, "version"), word(spec, "kind"), create, spec["path"]])


def main():
    directory = pathlib.Path(sys.argv[1])
    print("# Which fields the built-in transformers change.")
    print("# Facts of sigs.k8s.io/kustomize/api v0.21.1 (kustomize 5.8.1), written by tools/field-specs.py, not by hand.")
    print("# section NAME; then its rows: GROUP VERSION KIND create|keep PATH. Rows of nameReference stand below the")
    print("# kind that is referred to: target GROUP VERSION KIND.")
    for name in FILES:
        for section, specs in yaml.safe_load(text_of(directory, name)).items():
            print("section", section)
            for spec in specs:
                if section == "nameReference":
                    print("target", word(spec, "group"), word(spec, "version"), word(spec, "kind"))
                    for referrer in spec["fieldSpecs"]:
                        print(row(referrer))
                else:
                    print(row(spec))


main()
