// Prints the facts of the OpenAPI document that kyaml embeds which decide how a strategic merge treats
// lists: for each kind, the fields that lead to a list with a patch strategy, and that list's strategy
// and keys; and the scope of each kind. No text of the document is kept.
//
// Outside the build; run it in a copy of this folder:
//
//	go mod init facts && go get sigs.k8s.io/kustomize/kyaml@v0.21.1 && go run . > ../../src/schema/facts.txt
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const prefix = "#/definitions/"

// facts holds the definitions that lead to a list with a strategy.
type facts struct {
	definitions spec.Definitions
	useful      map[string]bool
	visiting    map[string]bool
}

func (f *facts) target(s spec.Schema) string {
	return strings.TrimPrefix(s.Ref.String(), prefix)
}

// element returns the definition that a field leads to, and how: directly, or through its elements or values.
func (f *facts) element(s spec.Schema) (how, name string) {
	switch {
	case s.Ref.String() != "":
		return ".", f.target(s)
	case s.Items != nil && s.Items.Schema != nil && s.Items.Schema.Ref.String() != "":
		return "[]", f.target(*s.Items.Schema)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil && s.AdditionalProperties.Schema.Ref.String() != "":
		return "{}", f.target(*s.AdditionalProperties.Schema)
	}
	return "", ""
}

func strategy(s spec.Schema) (string, []string) {
	return (&openapi.ResourceSchema{Schema: &s}).PatchStrategyAndKeyList()
}

func (f *facts) isUseful(name string) bool {
	if done, ok := f.useful[name]; ok {
		return done
	}
	if f.visiting[name] {
		return false
	}
	f.visiting[name] = true
	defer delete(f.visiting, name)
	found := false
	for _, property := range f.definitions[name].Properties {
		if s, _ := strategy(property); s != "" {
			found = true
		}
		if _, next := f.element(property); next != "" && f.isUseful(next) {
			found = true
		}
	}
	f.useful[name] = found
	return found
}

func (f *facts) print(numbers map[string]int, name string) {
	definition := f.definitions[name]
	fields := make([]string, 0, len(definition.Properties))
	for field := range definition.Properties {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	fmt.Printf("type %d\n", numbers[name])
	for _, field := range fields {
		property := definition.Properties[field]
		how, next := f.element(property)
		if how == "" && property.Type.Contains("array") {
			how = "[]"
		}
		if next == "" || !f.useful[next] {
			next = "-"
		} else {
			next = fmt.Sprint(numbers[next])
		}
		s, keys := strategy(property)
		if s == "" && next == "-" {
			continue
		}
		if s == "" {
			s = "-"
		}
		fmt.Println(strings.TrimSpace(strings.Join([]string{"field", field, how, next, s, strings.Join(keys, ",")}, " ")))
	}
}

func resourceTypes(definition spec.Schema) []string {
	var out []string
	list, _ := definition.Extensions["x-kubernetes-group-version-kind"].([]interface{})
	for _, entry := range list {
		m := entry.(map[string]interface{})
		version := fmt.Sprint(m["version"])
		if group, _ := m["group"].(string); group != "" {
			version = group + "/" + version
		}
		out = append(out, version+" "+fmt.Sprint(m["kind"]))
	}
	return out
}

func main() {
	definitions := openapi.Schema().Definitions
	f := &facts{definitions, map[string]bool{}, map[string]bool{}}
	kinds := map[string]string{}
	for name, definition := range definitions {
		if strings.Contains(name, "kustomize") {
			continue
		}
		for _, resource := range resourceTypes(definition) {
			kinds[resource] = name
		}
	}
	var names, resources []string
	for name := range definitions {
		if f.isUseful(name) {
			names = append(names, name)
		}
	}
	for resource := range kinds {
		resources = append(resources, resource)
	}
	sort.Strings(names)
	sort.Strings(resources)
	numbers := map[string]int{}
	for i, name := range names {
		numbers[name] = i
	}
	fmt.Println("# How a strategic merge treats the lists of the built-in kinds, and which kinds belong to a namespace.")
	fmt.Println("# Facts of the OpenAPI document of Kubernetes v1.21.2 that sigs.k8s.io/kustomize/kyaml v0.21.1 embeds;")
	fmt.Println("# written by tools/schema-facts, not by hand.")
	fmt.Println("# type NUMBER; then its fields: field NAME HOW TYPE STRATEGY [KEYS], where HOW is . (an object), [] (its")
	fmt.Println("# elements) or {} (its values); kind API_VERSION KIND SCOPE TYPE, where SCOPE is n (namespace), c (cluster)")
	fmt.Println("# or - (unknown).")
	for _, name := range names {
		f.print(numbers, name)
	}
	for _, resource := range resources {
		parts := strings.Split(resource, " ")
		scope := "-"
		if namespaced, found := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: parts[0], Kind: parts[1]}); found {
			scope = map[bool]string{true: "n", false: "c"}[namespaced]
		}
		number := "-"
		if f.useful[kinds[resource]] {
			number = fmt.Sprint(numbers[kinds[resource]])
		}
		if number == "-" && scope == "-" {
			continue
		}
		fmt.Println("kind", resource, scope, number)
	}
	if len(names) == 0 {
		os.Exit(1)
	}
}
