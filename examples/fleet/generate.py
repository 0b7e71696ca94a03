#!/usr/bin/env python3
"""Writes definitions of custom resources as large as those of real operators, the same in every run.

    ./generate.py DIRECTORY [MEGABYTES]

The directory gets a kustomization with the definitions, of a megabyte each; there are six unless told
otherwise. Descriptions, patterns, numbers and enumerations are of the kinds that printers of YAML
disagree about.
"""

import pathlib
import sys

WORDS = (
    "the list of containers that belong to a pod; cannot be updated. More info: https://example.com/docs#a "
    "if unset, defaults to 'Always' (see \"pull policy\") e.g. `kubectl get -o=jsonpath={.spec}` # not a "
    "comment - neither this * nor &that, 50% of %d; C:\\dir \\d+ naïve – “quoted” ⛵ yes no on off 1e3 0644 "
).split(" ")
PATTERNS = [
    r"^([a-zA-Z0-9]+\.)*[a-z]{2,63}$",
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$",
    r"^(?:'[^']*'|\"[^\"]*\"|#.*)$",
]
ENUM = ["", "yes", "No", "1", "0x1F", "1e3", "null", "~", "2001-01-01", "a: b", "- a", "plain"]
KINDS = ["Crate", "Barrel", "Pallet", "Container", "Parcel", "Sack", "Tank", "Bale", "Drum", "Keg"]


class Dice:
    """Numbers that look random and are always the same."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def pick(self, items):
        return items[self.below(len(items))]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def description(dice, indent):
    """A description in one of the styles in which generators write them."""
    paragraphs = [
        " ".join(dice.pick(WORDS) for _ in range(3 + dice.below(60))).strip()
        for _ in range(1 + dice.below(3))
    ]
    style = dice.below(3)
    if style == 0:
        return "description: " + quoted(paragraphs[0])
    lines = [f"{indent}  {paragraph}" for paragraph in paragraphs]
    return f"description: {'|-' if style == 1 else '>-'}\n" + "\n\n".join(lines)


def scalar(dice, indent):
    """The rest of the schema of a field that holds no others."""
    choice = dice.below(6)
    if choice == 0:
        return ["type: string", f"pattern: {quoted(dice.pick(PATTERNS))}"]
    if choice == 1:
        values = sorted({dice.pick(ENUM) for _ in range(4)})
        return ["enum:"] + [f"{indent}- {quoted(value)}" for value in values] + ["type: string"]
    if choice == 2:
        return ["format: int64", "maximum: 4.294967295e+09", f"default: {dice.below(1000)}", "type: integer"]
    if choice == 3:
        return ["anyOf:", f"{indent}- type: integer", f"{indent}- type: string", "x-kubernetes-int-or-string: true"]
    if choice == 4:
        return ["format: double", "multipleOf: 0.01", f"minimum: -{dice.below(100)}.50", "type: number"]
    return ["default: false", "type: boolean"]


def schema(dice, indent, depth):
    """The lines of a schema, each behind the indentation."""
    lines = [description(dice, indent)]
    kind = dice.below(5) if depth else 4
    if kind <= 1:
        lines.append("properties:")
        for index in range(2 + dice.below(6)):
            name = f"{dice.pick(['spec', 'on', 'y', 'a10', 'a9', 'Z', 'x-y', 'x.y'])}{index}"
            lines.append(f"{indent}  {name}:")
            lines += [f"{indent}    {line}" for line in schema(dice, indent + "    ", depth - 1)]
        lines.append("type: object")
    elif kind == 2:
        lines.append("items:")
        lines += [f"{indent}  {line}" for line in schema(dice, indent + "  ", depth - 1)]
        lines += ["type: array", "x-kubernetes-list-type: atomic"]
    elif kind == 3:
        lines.append("additionalProperties:")
        lines += [f"{indent}  {line}" for line in schema(dice, indent + "  ", depth - 1)]
        lines.append("type: object")
    else:
        lines += scalar(dice, indent)
    # A line of several was indented as a whole; what is in it keeps its own indentation.
    return [line.removeprefix(indent) for line in lines]


def definition(kind, seed, size):
    """The text of a definition, of about `size` characters."""
    dice = Dice(seed)
    plural = kind.lower() + "s"
    head = f"""---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    controller-gen.kubebuilder.io/version: v0.14.0
  name: {plural}.cargo.example.com
spec:
  group: cargo.example.com
  names:
    kind: {kind}
    listKind: {kind}List
    plural: {plural}
    singular: {kind.lower()}
  scope: Namespaced
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        properties:
"""
    parts, length = [head], 0
    while length < size:
        name = f"field{len(parts)}"
        fields = "\n".join(" " * 12 + line for line in schema(dice, " " * 12, 5))
        parts.append(f"          {name}:\n{fields}\n")
        length += len(parts[-1])
    parts.append("        type: object\n    served: true\n    storage: true\n    subresources:\n      status: {}\n")
    return "".join(parts)


def main():
    directory = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    directory.mkdir(parents=True, exist_ok=True)
    names = []
    for seed in range(count):
        kind = KINDS[seed % len(KINDS)] + ("" if seed < len(KINDS) else str(seed))
        names.append(f"cargo.example.com_{kind.lower()}s.yaml")
        (directory / names[-1]).write_text(definition(kind, seed, 1_000_000), encoding="utf-8")
    resources = "".join(f"- {name}\n" for name in names)
    (directory / "kustomization.yaml").write_text(f"resources:\n{resources}", encoding="utf-8")


if __name__ == "__main__":
    main()
