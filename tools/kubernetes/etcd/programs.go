//go:build tools

// Package etcd names the program that `../install` builds, so that go.mod pins all that it needs.
package etcd

import _ "go.etcd.io/etcd/server/v3"
