"""Kustomizations to measure with: services as users have them, in any number."""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: 1
  selector:
    matchLabels: {{component: {name}}}
  template:
    metadata:
      labels: {{component: {name}}}
      annotations:
        prometheus.io/scrape: "true" # by the cluster's own Prometheus
    spec:
      serviceAccountName: {name}
      containers:
        - name: web
          image: registry.example.com/shop/{name}
          args: [--listen, ":8080"]
          ports:
            - {{name: http, containerPort: 8080}}
          env:
            - name: LOG_LEVEL
              valueFrom:
                configMapKeyRef: {{name: {name}, key: LOG_LEVEL}}
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {{name: database, key: url}}
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
          resources:
            requests: {{cpu: 50m, memory: 64Mi}}
            limits: {{memory: 128Mi}}
      volumes:
        - name: config
          configMap:
            name: {name}
"""

OTHERS = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{component: {name}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
spec:
  ingressClassName: nginx
  rules:
    - host: {name}.shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {{name: {name}, port: {{name: http}}}}
"""

CONFIG_MAP = """\
  - name: {name}
    literals:
      - LOG_LEVEL=info
      - GREETING=hello from {name}
"""

PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: web
          env:
            - {{name: LOG_LEVEL, value: debug, valueFrom: null}}
"""

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.example.com
spec:
  group: example.com
  names: {{kind: {kind}, listKind: {kind}List, plural: {plural}, singular: {singular}}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {{status: {{}}}}
      schema:
        openAPIV3Schema:
          description: {kind} is written by no one and read by everyone.
          type: object
          properties:
"""

GROUP = """\
            group{group}:
              description: Group {group} is optional.
              type: object
              properties:
"""

FIELD = """\
                field{field}:
                  description: |-
                    Field {field} says how the thing is to be done when nobody else has said so. It is
                    ignored when `mode: none` is set; see https://example.com/docs#field-{field}.
                  type: {type}
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def base(directory, names):
    """Writes a base with the services named: five objects each."""
    for name in names:
        write(directory / f"{name}.yaml", DEPLOYMENT.format(name=name) + "---\n" + OTHERS.format(name=name))
    resources = "".join(f"  - {name}.yaml\n" for name in names)
    config_maps = "".join(CONFIG_MAP.format(name=name) for name in names)
    write(directory / "kustomization.yaml", f"resources:\n{resources}configMapGenerator:\n{config_maps}")


def overlay(directory, base_path, names):
    """Writes an overlay of a base: namespace, labels, images, and a patch of each Deployment."""
    for name in names:
        write(directory / f"{name}-patch.yaml", PATCH.format(name=name))
    images = "".join(f"  - {{name: registry.example.com/shop/{name}, newTag: 1.{len(name)}.0}}\n" for name in names)
    patches = "".join(f"  - path: {name}-patch.yaml\n" for name in names)
    labels = "labels:\n  - pairs: {team: shop, environment: staging}\n    includeSelectors: true\n"
    head = f"namespace: {names[0]}-staging\nresources:\n  - {base_path}\n{labels}"
    write(directory / "kustomization.yaml", f"{head}images:\n{images}patches:\n{patches}")


def one_overlay(directory):
    """Writes an overlay of 20 objects and returns its directory."""
    names = ["api", "storefront", "search", "mail"]
    base(directory / "base", names)
    overlay(directory / "overlays/staging", "../../base", names)
    return directory / "overlays/staging"


def services(directory, count):
    """Writes a kustomization of so many services, each with a base and an overlay; returns its directory."""
    names = [f"service-{number:04}" for number in range(count)]
    for name in names:
        base(directory / name / "base", [name])
        overlay(directory / name / "overlays/staging", "../../base", [name])
    resources = "".join(f"  - ../{name}/overlays/staging\n" for name in names)
    write(directory / "all/kustomization.yaml", f"resources:\n{resources}")
    return directory / "all"


def crd_bundle(directory, size):
    """Writes an overlay of custom resource definitions of so many bytes together; returns its directory."""
    documents, length = [], 0
    while length < size:
        documents.append(definition(len(documents)))
        length += len(documents[-1])
    write(directory / "base/crds.yaml", "---\n".join(documents))
    write(directory / "base/kustomization.yaml", "resources: [crds.yaml]\n")
    labels = "labels:\n  - pairs: {team: platform}\n"
    patch = "      - {op: add, path: /metadata/annotations, value: {reviewed: 'yes'}}\n"
    patches = f"patches:\n  - target: {{kind: CustomResourceDefinition}}\n    patch: |-\n{patch}"
    write(directory / "overlay/kustomization.yaml", f"resources: [../base]\n{labels}{patches}")
    return directory / "overlay"


def definition(number):
    """Returns a definition of some 200 kB."""
    kind = f"Thing{number}"
    types = ["string", "integer", "boolean"]
    fields = "".join(FIELD.format(field=field, type=types[field % 3]) for field in range(20))
    groups = "".join(GROUP.format(group=group) + fields for group in range(40))
    return CRD.format(kind=kind, plural=f"{kind.lower()}s", singular=kind.lower()) + groups


def secret(file):
    """Writes a Secret of 10 values and returns the file."""
    pairs = "".join(f"    key{number}: value {number}\n" for number in range(7))
    file.write_text(f"apiVersion: v1\nkind: Secret\nmetadata:\n    name: hydra\nstringData:\n{pairs}")
    return file


def values(file, sections, keys):
    """Writes a YAML file of mappings in a mapping and returns it."""
    pairs = "".join(f"    key{number}: a value of some length, number {number}\n" for number in range(keys))
    file.write_text("".join(f"section{number}:\n{pairs}" for number in range(sections)))
    return file


def encrypted_values(directory, count):
    """Writes a service of a Secret with this many values, yet in clear, and returns its overlay for `dev`."""
    directory = directory / "kustomize/many/overlays/dev"
    (directory / ".sops").mkdir(parents=True)
    for number in range(count):
        (directory / f".sops/KEY_{number}.enc").write_text(f"value {number}")
    (directory / "secret-stub.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata:\n  name: many\n")
    (directory / "kustomization.yaml").write_text("resources: [secret.yaml]\n")
    return directory

IDLE = """\
apiVersion: v1
kind: PodTemplate
metadata:
  name: {name}
template:
  metadata:
    labels: {{component: {name}}}
  spec:
    serviceAccountName: {name}
    containers:
      - name: web
        image: registry.example.com/shop/{name}:1.0
        args: [--listen, ":8080"]
        ports:
          - {{name: http, containerPort: 8080}}
        env:
          - name: LOG_LEVEL
            valueFrom:
              configMapKeyRef: {{name: {name}, key: LOG_LEVEL}}
        readinessProbe:
          httpGet: {{path: /healthz, port: http}}
        resources:
          requests: {{cpu: 50m, memory: 64Mi}}
          limits: {{memory: 128Mi}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  clusterIP: None
  selector: {{component: {name}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  LOG_LEVEL: info
  settings.ini: |
    [{name}]
    greeting = hello
    retries = 3
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {name}
spec:
  podSelector:
    matchLabels: {{component: {name}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {{}}
      ports:
        - {{port: http}}
"""


def service_of(directory, name, count):
    """A repository with one service of `count` objects, a multiple of 5, that no controller acts upon.

    `name` is its environment and the namespace.
    """
    base = directory / "kustomize/shop/base"
    overlay = directory / "kustomize/shop/overlays" / name
    base.mkdir(parents=True)
    overlay.mkdir(parents=True)
    (base / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    (base / "all.yaml").write_text("---\n".join(IDLE.format(name=f"shop-{index:05}") for index in range(count // 5)))
    (overlay / "kustomization.yaml").write_text(f"namespace: {name}\nresources: [../../base]\n")
    return directory
