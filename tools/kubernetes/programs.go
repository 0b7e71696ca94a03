//go:build tools

// Package kubernetes names the programs that `install` builds, so that go.mod pins all that they need.
package kubernetes

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
