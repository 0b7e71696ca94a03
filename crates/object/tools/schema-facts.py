#!/usr/bin/env python3
"""Makes src/schema/facts-1.37.json.gz: the facts about Kubernetes' built-in types that merging, applying,
validating and defaulting need, and nothing else (no descriptions).

Sources, both of Kubernetes 1.37.0:
  - PyPI kubernetes-validate 1.37.0, v1.37.0-local/_definitions.json: properties, types, list and map types,
    merge keys, kinds;
  - the Go modules k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator} v0.37.0: which fields
    are written although they are empty (values and no omitempty), which are pointers, defaults and scope.

usage: schema-facts.py DEFINITIONS.json GO_MODULE_DIR OUT.json.gz
  GO_MODULE_DIR holds api@v0.37.0, apimachinery@v0.37.0, …: $GOMODCACHE/k8s.io after `go mod download`.

Keys of a node: t type (o object, a array, s string, i integer, n number, b boolean, x integer or string,
q quantity, * anything), $ definition, f format, p properties, i items, a additional properties, r required,
e enum, l list type (a atomic, s set, m map), k map keys, m map type (a atomic, g granular), s patch
strategy, y patch merge key, d default, w presence (a written although empty, n written as null when
missing, p pointer: written when set), g kinds (group/version/kind, with ! behind those of the cluster).
"""

import gzip
import json
import pathlib
import re
import sys

VERSION = "1.37.0"
PREFIX = "#/$defs/"
PACKAGES = {
    "io.k8s.api.": "api@v0.37.0",
    "io.k8s.apimachinery.": "apimachinery@v0.37.0",
    "io.k8s.apiextensions-apiserver.": "apiextensions-apiserver@v0.37.0",
    "io.k8s.kube-aggregator.": "kube-aggregator@v0.37.0",
}
TYPES = {"object": "o", "array": "a", "string": "s", "integer": "i", "number": "n", "boolean": "b"}
# Two definitions have no type in OpenAPI v2; what they are is said by their name.
SPECIAL = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "*",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "*",
}
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.M | re.S)
FIELD = re.compile(r'^\s*(?:(\w+)\s+)?([\w.*\[\]]+)\s+`json:"([^"]*)"', re.M)


def main():
    source, modules, out = sys.argv[1:]
    definitions = json.load(open(source))["$defs"]
    go = GoTypes(pathlib.Path(modules))
    table = {name: definition(name, node, definitions, go) for name, node in sorted(definitions.items())}
    document = {
        "kubernetes": VERSION,
        "source": "kubernetes-validate 1.37.0 and k8s.io Go modules v0.37.0, by tools/schema-facts.py",
        "definitions": table,
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    with open(out, "wb") as file:
        file.write(gzip.compress(text, 9, mtime=0))
    print(f"{len(table)} definitions, {len(text)} bytes, {pathlib.Path(out).stat().st_size} compressed")


class GoTypes:
    """What the Go sources say about the fields of a definition."""

    def __init__(self, root):
        self.root = root
        self.packages = {}

    def package(self, name):
        """Returns the text of the package that holds the definition."""
        path = name.rsplit(".", 1)[0]
        if path not in self.packages:
            for prefix, module in PACKAGES.items():
                if path.startswith(prefix.rstrip(".") + "."):
                    folder = self.root / module / path[len(prefix):].replace(".", "/")
            texts = [file.read_text() for file in sorted(folder.glob("*.go")) if "generated" not in file.name]
            text = "\n".join(texts)
            self.packages[path] = (text, dict(STRUCT.findall(text)))
        return self.packages[path]

    def is_cluster_scoped(self, name):
        text, _ = self.package(name)
        short = name.rsplit(".", 1)[1]
        comment = re.search(r"((?:^//.*\n|^\n)*)^type " + short + r" struct", text, re.M)
        return bool(comment and "+genclient:nonNamespaced" in comment.group(1))

    def fields(self, name):
        """Returns {json name: (presence, default)} of the struct, inlined structs included."""
        _, structs = self.package(name)
        body = structs.get(name.rsplit(".", 1)[1], "")
        found, default = {}, None
        for line in body.splitlines():
            marker = re.match(r"\s*//\s*\+default=(.*)", line)
            if marker:
                default = marker.group(1).strip()
            match = FIELD.match(line)
            if not match:
                continue
            kind, tag = match.group(2), match.group(3)
            json_name, *options = tag.split(",")
            if "inline" in options or (not json_name and match.group(1) is None):
                inner = kind.rsplit(".", 1)[-1]
                if inner in structs:
                    found.update(self.fields(name.rsplit(".", 1)[0] + "." + inner))
            else:
                found[json_name] = (self.presence(kind, options), default)
            default = None
        return found

    @staticmethod
    def presence(kind, options):
        """Returns how Go writes the field; whether it is a struct is seen later, by its definition."""
        omit = "omitempty" in options or "omitzero" in options
        if kind.startswith("*"):
            return "p" if omit else "n"
        if kind.startswith(("[]", "map[")):
            return "" if omit else "n"
        return "z" if "omitzero" in options else "o" if omit else "a"


def definition(name, node, definitions, go):
    out = convert(node, definitions)
    if name in SPECIAL:
        out["t"] = SPECIAL[name]
    elif name.endswith((".JSON", ".JSONSchemaPropsOrArray", ".JSONSchemaPropsOrBool", ".JSONSchemaPropsOrStringArray")):
        out["t"] = "*"
    for field, (presence, default) in go.fields(name).items():
        prop = out.get("p", {}).get(field)
        if prop is None:
            continue
        if presence == "o" and "$" in prop:  # omitempty omits no struct
            presence = "a"
        if presence in ("a", "n", "p"):
            prop["w"] = presence
        if default is not None and not default.startswith("ref("):
            prop["d"] = json.loads(default)
    kinds = node.get("x-kubernetes-group-version-kind", [])
    if kinds:
        scope = "!" if go.is_cluster_scoped(name) else ""
        out["g"] = [f"{k['group']}/{k['version']}/{k['kind']}{scope}" for k in kinds]
    return out


def convert(node, definitions):
    out = {}
    if "$ref" in node:
        target = node["$ref"].removeprefix(PREFIX)
        if node.get("x-kubernetes-map-type"):  # one place overrides the map type of its definition
            out = convert(definitions[target], definitions)
        else:
            out["$"] = target
    kind = node.get("type")
    if kind:
        kind = kind if isinstance(kind, str) else next(k for k in kind if k != "null")
        out["t"] = TYPES[kind]
    for key, short in (("format", "f"), ("required", "r"), ("x-kubernetes-list-map-keys", "k"),
                       ("x-kubernetes-patch-strategy", "s"), ("x-kubernetes-patch-merge-key", "y")):
        if key in node:
            out[short] = node[key]
    if "enum" in node:
        out["e"] = node["enum"]
    for key, short in (("x-kubernetes-list-type", "l"), ("x-kubernetes-map-type", "m")):
        if key in node:
            out[short] = node[key][0]
    if "properties" in node:
        out["p"] = {field: convert(value, definitions) for field, value in node["properties"].items()}
        for field in ("apiVersion", "kind"):  # their enums repeat what the kinds say
            out["p"].get(field, {}).pop("e", None)
    if isinstance(node.get("items"), dict):
        out["i"] = convert(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        out["a"] = convert(node["additionalProperties"], definitions)
    return out


main()
