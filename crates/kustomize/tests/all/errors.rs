//! What people read when something is wrong.

use insta::assert_snapshot;

use crate::support::build_files;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";

/// Returns the messages for a kustomization beside `web.yaml`.
fn errors(kustomization: &str) -> String {
    let files = [
        ("build/kustomization.yaml", kustomization),
        ("build/web.yaml", WEB),
    ];
    build_files(&files).unwrap_err().to_string()
}

#[test]
fn every_independent_mistake_is_reported_with_its_place() {
    assert_snapshot!(errors("resources:\n- web.yaml\n- wbe.yaml\n- ../../outside\npatches:\n- path: missing.yaml\nconfigMapGenerator:\n- name: a\n  files: [none.txt]\n  literals: [novalue]\n"), @r#"
    build/kustomization.yaml:3:3: accumulating resources from 'wbe.yaml': evalsymlink failure on '/build/wbe.yaml' : lstat /build/wbe.yaml: no such file or directory; did you mean "web.yaml"?
    build/kustomization.yaml:4:3: accumulating resources from '../../outside': the path "../../outside" leaves the repository
    build/kustomization.yaml:10:14: invalid literal source, expected key=value; the text is not shown, since it may be a secret
    build/kustomization.yaml:9:11: evalsymlink failure on '/build/none.txt' : lstat /build/none.txt: no such file or directory
    build/kustomization.yaml:6:3: failed to get the patch file from path(missing.yaml): evalsymlink failure on '/build/missing.yaml' : lstat /build/missing.yaml: no such file or directory
    "#);
}

/// A tree with a mistake in each of five files.
const FIVE: [(&str, &str); 8] = [
    (
        "build/kustomization.yaml",
        "resources: [../a, ../b, ../c]\npatches:\n- path: p.yaml\ntransformers: [t.yaml]\n",
    ),
    (
        "build/p.yaml",
        "- {op: add, path: /x, value: 1}\n- op add\n",
    ),
    (
        "build/t.yaml",
        "apiVersion: builtin\nkind: LabelTransformr\nmetadata: {name: t}\n",
    ),
    ("a/kustomization.yaml", "resources: [missing.yaml]\n"),
    (
        "b/kustomization.yaml",
        "resources: [web.yaml]\nreplicas:\n- {name: wbe, count: 2}\n",
    ),
    ("b/web.yaml", WEB),
    ("c/kustomization.yaml", "resources: [web.yaml]\n"),
    (
        "c/web.yaml",
        "kind: Service\nmetadata:\n  name: web\n spec: {}\n",
    ),
];

#[test]
fn mistakes_in_five_files_and_stages_are_all_reported_in_the_same_order_every_time() {
    let errors = build_files(&FIVE).unwrap_err();
    assert_eq!(build_files(&FIVE).unwrap_err(), errors);
    assert_snapshot!(errors, @r#"
    a/kustomization.yaml:1:13: accumulating resources from 'missing.yaml': evalsymlink failure on '/a/missing.yaml' : lstat /a/missing.yaml: no such file or directory
    b/kustomization.yaml:3:3: resource with name wbe does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]; the build has Deployment/web
    c/web.yaml:4:2: accumulating resources from 'web.yaml': MalformedYAMLError: yaml: line 4: did not find expected key while parsing a block mapping at line 1: correct the indentation
    build/p.yaml:1:1: unable to parse SM or JSON patch from [path: "p.yaml"]: json: cannot unmarshal string into Go value of type jsonpatch.Operation; a JSON patch is a list of operations, each with `op` and `path`
    build/t.yaml:1:1: unable to load builtin LabelTransformr.builtin.[noGrp]; did you mean "LabelTransformer"?
    "#);
}

#[test]
fn kustomize_s_own_words_tell_the_way_to_a_mistake_in_a_base() {
    let errors = build_files(&FIVE).unwrap_err();
    let originals: Vec<_> = errors
        .iter()
        .filter_map(|error| error.original.as_deref())
        .collect();
    assert_snapshot!(originals.join("\n"), @r#"
    accumulating resources: accumulation err='accumulating resources from '../a': '/a' must resolve to a file': recursed accumulation of path '/a': accumulating resources: accumulation err='accumulating resources from 'missing.yaml': evalsymlink failure on '/a/missing.yaml' : lstat /a/missing.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/a/missing.yaml' : lstat /a/missing.yaml: no such file or directory
    accumulating resources: accumulation err='accumulating resources from '../b': '/b' must resolve to a file': recursed accumulation of path '/b': resource with name wbe does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]
    accumulating resources: accumulation err='accumulating resources from '../c': '/c' must resolve to a file': recursed accumulation of path '/c': accumulating resources: accumulating resources from 'web.yaml': MalformedYAMLError: yaml: line 4: did not find expected key in File: web.yaml
    trouble configuring builtin PatchTransformer with config: `…`: unable to parse SM or JSON patch from [path: "p.yaml"]: json: cannot unmarshal string into Go value of type jsonpatch.Operation
    "#);
}

#[test]
fn what_is_there_is_listed_nearest_first_and_the_rest_is_counted() {
    let names = ["api", "worker", "wob", "database", "cache", "queue", "mail"];
    let object =
        |name| format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n");
    let objects = names.map(object).join("---\n");
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";
    let other = "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: api, namespace: x}\n";
    let files = [
        (
            "build/kustomization.yaml",
            "resources: [all.yaml]\npatches:\n- path: p.yaml\n- path: q.yaml\n",
        ),
        ("build/all.yaml", &*objects),
        ("build/p.yaml", patch),
        ("build/q.yaml", other),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @r#"
    build/p.yaml:1:1: no resource matches strategic merge patch "Deployment.v1.apps/web.[noNs]": no matches for Id Deployment.v1.apps/web.[noNs]; failed to find unique target for patch Deployment.v1.apps/web.[noNs]; the build has Deployment/wob, Deployment/api, Deployment/worker, Deployment/queue, Deployment/mail and 2 more
    build/q.yaml:1:1: no resource matches strategic merge patch "Deployment.v1beta1.apps/api.x": no matches for Id Deployment.v1beta1.apps/api.x; failed to find unique target for patch Deployment.v1beta1.apps/api.x; the build has Deployment/api of apps/v1 without namespace, Deployment/wob, Deployment/mail, Deployment/cache, Deployment/queue and 2 more
    "#);
}

#[test]
fn a_path_that_is_not_there_says_which_part_is() {
    assert_snapshot!(errors("resources: [web.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: remove, path: /metadata/lables}\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.nam}\n  targets: [{select: {kind: Deployment}}]\n- source: {kind: Deployment}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.app]\n"), @r#"
    build/kustomization.yaml:3:3: Deployment.v1.apps/web.[noNs]: error in remove for path: '/metadata/lables': Unable to remove nonexistent key: lables: missing value; /metadata has name
    build/kustomization.yaml:7:3: fieldPath `metadata.nam` is missing for replacement source Deployment.[noVer].[noGrp]/[noName].[noNs]; metadata has name
    build/kustomization.yaml:9:3: Deployment.v1.apps/web.[noNs]: unable to find field "metadata.labels.app" in replacement target; metadata has name
    "#);
}

#[test]
fn an_unknown_field_names_the_nearest_known_one() {
    assert_snapshot!(errors("resource: [web.yaml]\nimages:\n- {nam: web, newTag: 1.10}\n"), @r#"
    build/kustomization.yaml:1:1: invalid Kustomization: json: unknown field "resource"; did you mean "resources"?
    build/kustomization.yaml:3:4: invalid Kustomization: json: unknown field "nam"; did you mean "name"?
    build/kustomization.yaml:3:22: invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string; quote the value
    "#);
}

#[test]
fn a_patch_without_target_says_what_the_build_has() {
    assert_snapshot!(errors("resources: [web.yaml]\npatches:\n- patch: |\n    kind: Deployment\n    apiVersion: apps/v1\n    metadata: {name: wep}\n- target: {kind: Deployment}\n  patch: |\n    - {op: replace, path: /spec/a/b, value: 1}\n"), @r#"
    build/kustomization.yaml:4:5: no resource matches strategic merge patch "Deployment.v1.apps/wep.[noNs]": no matches for Id Deployment.v1.apps/wep.[noNs]; failed to find unique target for patch Deployment.v1.apps/wep.[noNs]; the build has Deployment/web
    build/kustomization.yaml:7:3: Deployment.v1.apps/web.[noNs]: replace operation does not apply: doc is missing path: /spec/a/b: missing value; the object has kind, apiVersion and metadata
    "#);
}

#[test]
fn a_syntax_error_has_file_line_and_column() {
    let files = [
        ("build/kustomization.yaml", "resources: [a.yaml, b.yaml]\n"),
        (
            "build/a.yaml",
            "kind: A\nmetadata: {name: a}\n---\nkind: B\nspec:\n  x: y: z\n",
        ),
        ("build/b.yaml", "kind: A\nmetadata:\n  generateName: a-\n"),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @r#"
    build/a.yaml:6:7: accumulating resources from 'a.yaml': MalformedYAMLError: yaml: line 6: mapping values are not allowed in this context: quote a text that contains a colon and a space, or correct the indentation
    build/b.yaml:1:1: accumulating resources from 'b.yaml': missing metadata.name in object A; a build needs a name: `generateName` works with `kubectl create` only
    "#);
}

#[test]
fn cycles_and_missing_kustomizations_are_refused() {
    let files = [
        ("build/kustomization.yaml", "resources: [../a, ../empty]\n"),
        ("a/kustomization.yaml", "resources: [../build]\n"),
        ("empty/readme.txt", ""),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @r#"
    a/kustomization.yaml:1:13: accumulating resources from '../build': cycle detected: candidate root '/build' contains visited root '/build'; a kustomization cannot be built of itself
    build/kustomization.yaml:1:19: accumulating resources from '../empty': unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/empty'; the directory has readme.txt
    "#);
}

#[test]
fn what_a_build_does_not_run_or_fetch_is_refused_with_the_reason() {
    assert_snapshot!(errors("resources: ['https://example.com/x.yaml', 'github.com/org/repo?ref=v1']\n"), @r#"
    build/kustomization.yaml:1:13: accumulating resources from 'https://example.com/x.yaml': https://example.com/x.yaml: remote bases are off; allow them with `build DIR --allow-remote-bases`, or copy the files here
    build/kustomization.yaml:1:43: accumulating resources from 'github.com/org/repo?ref=v1': https://github.com/org/repo@v1: remote bases are off; allow them with `build DIR --allow-remote-bases`, or copy the files here
    "#);
    assert_snapshot!(errors("helmCharts: [{name: x}]\n"), @r#"build/kustomization.yaml:1:13: helmCharts: Helm charts are not built here, since that runs the helm program; render the chart with `helm template` and list the result under `resources`"#);
    assert_snapshot!(errors("transformers:\n- |-\n  apiVersion: example.com/v1\n  kind: Mine\n  metadata: {name: mine, annotations: {config.kubernetes.io/function: x}}\n"), @r#"build/kustomization.yaml:2:3: external plugins disabled; unable to load external plugin 'Mine': a build runs no container or function; use a built-in transformer, or run the function beforehand and commit its output"#);
}

#[test]
fn a_file_outside_the_directory_needs_leave() {
    let files = [
        ("build/kustomization.yaml", "resources: [../web.yaml]\n"),
        ("web.yaml", WEB),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @r#"build/kustomization.yaml:1:13: accumulating resources from '../web.yaml': security; file '/web.yaml' is not in or below '/build'; move it there, or allow files from anywhere (--load-restrictor LoadRestrictionsNone)"#);
}

#[test]
fn old_spellings_are_warned_about_as_kustomize_does() {
    let files = [
        (
            "build/kustomization.yaml",
            "bases: [../base]\ncommonLabels: {a: b}\n",
        ),
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\nimageTags: [{name: x, newTag: z}]\n",
        ),
        ("base/web.yaml", WEB),
    ];
    let built = build_files(&files).unwrap();
    let warnings: Vec<_> = built
        .warnings
        .iter()
        .map(|warning| format!("{}: {warning}", warning.place))
        .collect();
    assert_snapshot!(warnings.join("\n"), @r#"
    build/kustomization.yaml:1:1: # Warning: 'bases' is deprecated. Please use 'resources' instead. Run 'kustomize edit fix' to update your Kustomization automatically.
    build/kustomization.yaml:2:1: # Warning: 'commonLabels' is deprecated. Please use 'labels' instead. Run 'kustomize edit fix' to update your Kustomization automatically.
    base/kustomization.yaml:2:1: # Warning: 'imageTags' is deprecated. Please use 'images' instead. Run 'kustomize edit fix' to update your Kustomization automatically.
    "#);
    let read: Vec<_> = built.read.iter().map(ToString::to_string).collect();
    assert_eq!(
        read,
        [
            "base/kustomization.yaml",
            "base/web.yaml",
            "build/kustomization.yaml"
        ]
    );
}

#[test]
fn what_may_be_a_secret_is_in_no_message_and_no_debug_form() {
    const CANARY: &str = "canary-4711";
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{k: {CANARY}}}\n"
    );
    let patch = "patches:\n- patch: |\n    kind: Secret\n    stringData: {k: canary-4711}\n";
    let replacement = "replacements:\n- source: {kind: Secret, fieldPath: stringData.k, options: {delimiter: '-', \
                       index: 7}}\n  targets: [{select: {kind: Secret}}]\n";
    let generator = "secretGenerator: [{name: a, literals: [canary-4711]}]\n";
    for mistake in ["", patch, replacement, generator] {
        let kustomization = format!("resources: [s.yaml]\n{mistake}");
        let files = [
            ("build/kustomization.yaml", &*kustomization),
            ("build/s.yaml", &*secret),
        ];
        let (shown, is_ok) = match build_files(&files) {
            Ok(built) => (format!("{built:?}"), true),
            Err(errors) => (format!("{errors} {errors:?}"), false),
        };
        assert_eq!(is_ok, mistake.is_empty(), "{shown}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

#[test]
fn what_stands_in_metadata_and_crds_has_to_be_of_its_type() {
    assert_snapshot!(errors("metadata:\n  creationTimestamp: null\n  labels: {a: true}\nresources: [web.yaml]\n"), @r#"
    build/kustomization.yaml:2:3: invalid Kustomization: json: unknown field "creationTimestamp"
    build/kustomization.yaml:3:15: invalid Kustomization: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string; quote the value
    "#);
    assert_snapshot!(errors("resources: [web.yaml]\ncrds:\n- web.yaml\n"), @"build/kustomization.yaml:3:3: unable to parse open API definition from 'web.yaml': apiVersion is not a definition; `crds` lists OpenAPI definitions by type, a CustomResourceDefinition belongs to `resources`");
}

#[test]
fn an_object_that_a_step_leaves_without_name_is_refused() {
    let kustomization = "resources: [web.yaml]\nreplacements:\n- source: {kind: Deployment, fieldPath: kind}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata]\n";
    assert!(errors(kustomization).contains("missing metadata.name in object"));
}

/// Returns the message for a kustomization whose one resource is this text.
fn errors_of(resource: &str, kustomization: &str) -> String {
    let kustomization = format!("resources: [r.yaml]\n{kustomization}");
    let files = [
        ("build/kustomization.yaml", kustomization.as_str()),
        ("build/r.yaml", resource),
    ];
    build_files(&files).unwrap_err().to_string()
}

const MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: b}, annotations: {a: b}}\n";

const TEST: &str = r#"patch: '[{"op": "test", "path": "/kind", "value": "ConfigMap"}]'"#;

#[test]
fn a_validator_that_writes_what_is_there_is_refused_and_one_that_selects_nothing_is_not() {
    let validators = |config: &str| {
        format!("validators:\n- |-\n  apiVersion: builtin\n  metadata: {{name: v}}\n  {config}\n")
    };
    let fields = |field| format!("fieldSpecs: [{{path: metadata/{field}, create: true}}]");
    for config in [
        format!(
            "kind: LabelTransformer\n  labels: {{a: b}}\n  {}",
            fields("labels")
        ),
        format!(
            "kind: AnnotationsTransformer\n  annotations: {{a: b}}\n  {}",
            fields("annotations")
        ),
        format!("kind: PatchTransformer\n  target: {{kind: ConfigMap}}\n  {TEST}"),
    ] {
        let said = errors_of(MAP, &validators(&config));
        assert!(
            said.contains("validator shouldn't modify the resource map"),
            "{said}"
        );
    }
    let config = format!("kind: PatchTransformer\n  target: {{kind: Secret}}\n  {TEST}");
    let kustomization = format!("resources: [r.yaml]\n{}", validators(&config));
    let files = [
        ("build/kustomization.yaml", kustomization.as_str()),
        ("build/r.yaml", MAP),
    ];
    assert!(build_files(&files).is_ok());
}

#[test]
fn annotations_and_lists_that_kustomize_cannot_clean_are_refused() {
    let map = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {annotations}\n"
        )
    };
    assert_snapshot!(errors_of(&map("\n    ? [a, b]\n    : x"), ""), @"build/r.yaml:1:1: wrong node kind: expected ScalarNode but got SequenceNode");
    let patch = "patches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"remove\", \"path\": \"/kind\"}]'\n";
    assert_snapshot!(errors_of(&map("{a: b, a: c}"), patch), @r#"build/kustomization.yaml:3:3: line 5: mapping key "a" already defined at line 5"#);
    assert_snapshot!(errors_of(&map("[x]"), ""), @"build/r.yaml:1:1: wrong node kind: expected MappingNode but got SequenceNode");
    assert_snapshot!(errors_of(&map("text"), "buildMetadata: [originAnnotations]\n"), @"build/kustomization.yaml:1:13: wrong node kind: expected MappingNode but got ScalarNode");
    assert_snapshot!(errors_of("kind: List\nmetadata: text\n", ""), @"build/r.yaml:1:1: wrong node kind: expected MappingNode but got ScalarNode");
    assert_snapshot!(errors_of("kind: WebList\nx: 1\nx: 2\nitems: []\n", ""), @r#"build/r.yaml:3:1: accumulating resources from 'r.yaml': line 3: mapping key "x" already defined at line 2"#);
}

#[test]
fn an_object_with_the_name_of_a_local_one_is_refused() {
    let local = "metadata: {name: b, annotations: {config.kubernetes.io/local-config: 'true'}}";
    let resource = format!("{MAP}---\napiVersion: v1\nkind: ConfigMap\n{local}\n");
    let patches = r#"patches:
- target: {kind: ConfigMap}
  patch: '[{"op": "replace", "path": "/metadata/name", "value": "z"}]'
"#;
    assert_snapshot!(errors_of(&resource, patches), @"build/kustomization.yaml: may not add resource with an already registered id: ConfigMap.v1.[noGrp]/z.[noNs]; the first one is at build/r.yaml:1:1; remove one of them, or make it a patch");
}

#[test]
fn patterns_that_go_refuses_are_refused() {
    let target = |name: &str| format!("patches:\n- target: {{name: '{name}'}}\n  {TEST}\n");
    assert_snapshot!(errors_of(MAP, &target("a**")), @"build/kustomization.yaml:3:3: error parsing regexp: invalid nested repetition operator: `**`");
    assert_snapshot!(errors_of(MAP, &target("a{1001}")), @"build/kustomization.yaml:3:3: error parsing regexp: invalid repeat count: `{1001}`");
    assert_snapshot!(errors_of(MAP, &target("a{2,1}")), @"build/kustomization.yaml:3:3: error parsing regexp: invalid repeat count: `{2,1}`");
}

#[test]
fn vars_that_are_never_replaced_are_warned_about() {
    let vars = "resources: [r.yaml]\nvars:\n- {name: A, objref: {apiVersion: v1, kind: ConfigMap, name: a}}\n";
    let built = build_files(&[("build/kustomization.yaml", vars), ("build/r.yaml", MAP)]).unwrap();
    let warnings: Vec<_> = built.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings[1], "well-defined vars that were never replaced: A");
}

#[test]
fn a_mistake_at_the_bottom_of_many_bases_is_told_once_and_shortly() {
    let level = |number: usize| {
        (
            format!("d{number}/kustomization.yaml"),
            format!("resources: [../d{0}, ../d{0}]\n", number + 1),
        )
    };
    let mut files: Vec<(String, String)> = (0..40).map(level).collect();
    files.push((
        "build/kustomization.yaml".to_owned(),
        "resources: [../d0]\n".to_owned(),
    ));
    files.push((
        "d40/kustomization.yaml".to_owned(),
        "resources: [web.yaml]\n".to_owned(),
    ));
    files.push(("d40/web.yaml".to_owned(), WEB.to_owned()));
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let errors = build_files(&files).unwrap_err();
    assert_snapshot!(errors, @"d39/kustomization.yaml:1:21: may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]; the first one is at d40/web.yaml:1:1; remove one of them, or make it a patch");
    let original = errors.into_vec().remove(0).original.unwrap_or_default();
    assert!(original.len() < 600, "{original}");
    assert!(
        original.ends_with("Deployment.v1.apps/web.[noNs]"),
        "{original}"
    );
}

#[test]
fn a_base_that_failed_does_not_make_what_contains_it_look_wrong() {
    let files = [
        (
            "build/kustomization.yaml",
            "resources: [web.yaml, ../base, ../base]\n",
        ),
        ("build/web.yaml", WEB),
        (
            "base/kustomization.yaml",
            "namePrefix: a-\nresources: [web.yaml, nope.yaml]\n",
        ),
        ("base/web.yaml", WEB),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @"base/kustomization.yaml:2:23: accumulating resources from 'nope.yaml': evalsymlink failure on '/base/nope.yaml' : lstat /base/nope.yaml: no such file or directory");
}

#[test]
fn what_kustomize_never_says_is_not_quoted() {
    let files = [
        ("build/kustomization.yaml", "resources: [../base]\n"),
        (
            "base/kustomization.yaml",
            "resources: [a.yaml, 'https://example.com/x.yaml']\nhelmCharts: [{name: x}]\n",
        ),
        ("base/a.yaml", "a: *b\n"),
    ];
    for error in build_files(&files).unwrap_err().iter() {
        assert_eq!(error.original, None);
    }
}

#[test]
fn typical_mistakes_come_with_what_to_do() {
    let patch = |text: &str| {
        errors(&format!(
            "resources: [web.yaml]\npatches:\n- target: {{kind: Deployment}}\n  patch: {text}\n"
        ))
    };
    assert_snapshot!(patch("'[{op: replace, path: /x}]'"), @"build/kustomization.yaml:4:10: unable to parse SM or JSON patch from [patch: …]: not JSON: key must be a string at line 1 column 3; a patch that begins with `[` is read as JSON: quote its keys and texts, or write a list with dashes");
    assert_snapshot!(patch("nope.yaml"), @"build/kustomization.yaml:4:10: unable to parse SM or JSON patch from [patch: …]: missing Resource metadata; `patch` holds the patch itself; name a file in `path`, if there is one");
    assert_snapshot!(errors("resources: ['*.yaml']\n"), @"build/kustomization.yaml:1:13: accumulating resources from '*.yaml': evalsymlink failure on '/build/*.yaml' : lstat /build/*.yaml: no such file or directory; patterns are not expanded here: `kustomize edit add resource` lists the files of one");
    assert_snapshot!(errors("resources: [kustomization.yaml]\n"), @"build/kustomization.yaml:1:1: accumulating resources from 'kustomization.yaml': missing Resource metadata; list the directory of a kustomization, not its file; none lists itself");
    assert_snapshot!(errors("resources: [web.yaml]\nsecretGenerator: [{name: u, literals: [a=1, a=2]}]\n"), @"build/kustomization.yaml:2:19: secret u illegally repeats the key `a`; keep one of its sources");
    assert_snapshot!(errors("resources: [web.yaml]\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.name.x}\n  targets: [{select: {kind: Deployment}}]\n"), @"build/kustomization.yaml:3:3: fieldPath `metadata.name.x` of replacement source Deployment.v1.apps/web.[noNs]: wrong node kind: expected MappingNode but got ScalarNode; metadata.name is a plain value, which has no parts");
}

#[test]
fn what_is_wrong_in_an_object_has_the_place_of_the_value() {
    let build = |text: &str| {
        let files = [
            ("build/kustomization.yaml", "resources: [s.yaml]\n"),
            ("build/s.yaml", text),
        ];
        build_files(&files).unwrap_err()
    };
    let first = "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n";
    let second = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n";
    assert_snapshot!(build(&format!("{first}{second}data:\n  k: !!int x\n")), @"build/s.yaml:10:6: cannot decode the value as a !!int: remove the tag, or write a value of its type");
    assert_snapshot!(build(&format!("{first}{second}data:\n  k: x\n  k: y\n")), @r#"build/s.yaml:11:3: mapping key "k" already defined at line 10"#);
    assert_snapshot!(build("apiVersion: v1\nmetadata: {labels: {a: b}}\n"), @"build/s.yaml:1:1: accumulating resources from 's.yaml': missing kind in object of v1, without name; add `kind`");
}

#[test]
fn a_mistake_in_a_kustomization_hides_no_other() {
    assert_snapshot!(errors("resource: []\nhelmCharts: [{name: x}]\nnamePrefix: 1\nresources: [web.yaml, nope.yaml, 7]\npatches:\n- path: gone.yaml\n- pach: x\nsecretGenerator:\n- {name: 5, literals: [x]}\n- {name: s, literals: [x]}\nopenapi: {path: gone.json}\n"), @r#"
    build/kustomization.yaml:1:1: invalid Kustomization: json: unknown field "resource"; did you mean "resources"?
    build/kustomization.yaml:2:13: helmCharts: Helm charts are not built here, since that runs the helm program; render the chart with `helm template` and list the result under `resources`
    build/kustomization.yaml:3:13: invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.namePrefix of type string; quote the value
    build/kustomization.yaml:4:34: invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.resources of type string; quote the value
    build/kustomization.yaml:7:3: invalid Kustomization: json: unknown field "pach"; did you mean "patch"?
    build/kustomization.yaml:9:10: invalid Kustomization: json: cannot unmarshal number into Go struct field SecretArgs.secretGenerator.name of type string; quote the value
    build/kustomization.yaml:11:17: evalsymlink failure on '/build/gone.json' : lstat /build/gone.json: no such file or directory
    build/kustomization.yaml:4:23: accumulating resources from 'nope.yaml': evalsymlink failure on '/build/nope.yaml' : lstat /build/nope.yaml: no such file or directory
    build/kustomization.yaml:10:24: invalid literal source, expected key=value; the text is not shown, since it may be a secret
    build/kustomization.yaml:6:3: failed to get the patch file from path(gone.yaml): evalsymlink failure on '/build/gone.yaml' : lstat /build/gone.yaml: no such file or directory
    "#);
}

#[test]
fn what_a_mistake_has_kept_out_is_not_missed() {
    let files = [
        (
            "build/kustomization.yaml",
            "resources: [../base, ../other]\nconfigMapGenerator: [{name: c, behavior: merge, literals: [a=b]}]\npatches: [{path: web.yaml}]\n",
        ),
        ("build/web.yaml", WEB),
        (
            "base/kustomization.yaml",
            "resources: web.yaml\nconfigMapGenerator: [{nam: c}]\n",
        ),
        (
            "other/kustomization.yaml",
            "resources: [web.yaml]\nnamePrefx: a-\n",
        ),
        ("other/web.yaml", WEB),
    ];
    assert_snapshot!(build_files(&files).unwrap_err(), @r#"
    base/kustomization.yaml:1:12: invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string; write a list: put `- ` before each entry
    base/kustomization.yaml:2:23: invalid Kustomization: json: unknown field "nam"; did you mean "name"?
    other/kustomization.yaml:2:1: invalid Kustomization: json: unknown field "namePrefx"; did you mean "namePrefix"?
    "#);
}
