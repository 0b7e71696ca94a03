#!/bin/bash
# Prints the manifests of all services, or of the one named, for $ENVIRONMENT. Flux v1 runs this
# (.flux.yaml) and applies what it prints. Needs kustomize, sops and python3 with PyYAML.
#
# A service that fails is left out and the script still ends with 0, as it always has.

if [ -z "$ENVIRONMENT" ]; then
  echo "ENVIRONMENT is not set: dev or staging"
  exit 1
fi

root=$(cd "$(dirname "$0")" && pwd)
export SOPS_AGE_KEY_FILE=${SOPS_AGE_KEY_FILE:-$root/demo.agekey}

for directory in "$root"/kustomize/*; do
  service=$(basename "$directory")
  overlay=$directory/overlays/$ENVIRONMENT
  if [ -n "$1" ] && [ "$service" != "$1" ]; then continue; fi
  if [ ! -d "$overlay" ]; then continue; fi

  if [ -d "$overlay/.sops" ]; then
    "$root/sops-to-secret" "$overlay/secret-stub.yaml" >"$overlay/secret.yaml"
  fi
  kustomize build "$overlay"
  echo "---"
  rm -f "$overlay/secret.yaml"
done
