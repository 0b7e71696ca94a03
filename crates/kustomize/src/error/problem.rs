//! The mistakes that a build can find.

use thiserror::Error;
use windlass_tree::{PathError, TreeError, TreePath};
use windlass_yaml::ParseError;

use super::Place;
use super::show::{Because, DidYouMean, Listed, Rooted, There, advice, without_prefix};
use crate::schema::SchemaError;

/// What is wrong.
///
/// Where kustomize 5.8.1 has well-known words for a mistake, the message has them too, so that searching
/// for it finds the same help.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The tree did not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A path that is not one of the tree.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A text that is not YAML.
    #[error("MalformedYAMLError: yaml: {0}")]
    Yaml(ParseError),
    /// A text that is not JSON.
    #[error("not JSON: {reason}")]
    JsonSyntax {
        /// What the JSON parser says.
        reason: String,
    },
    /// A document separator with text behind it.
    #[error("invalid document separator: ---{rest}; put the text on a line of its own")]
    DocumentSeparator {
        /// The text.
        rest: String,
    },

    // The kustomization file.
    /// A directory that has no kustomization file.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
        Rooted(directory)
    )]
    MissingKustomization {
        /// The directory.
        directory: TreePath,
    },
    /// A directory that has more than one kustomization file.
    #[error(
        "Found multiple kustomization files under: {}; keep one of them",
        Rooted(directory)
    )]
    SeveralKustomizations {
        /// The directory.
        directory: TreePath,
    },
    /// A kustomization that cannot be read.
    #[error("invalid Kustomization: {}", without_prefix(problem))]
    InvalidKustomization {
        /// Why.
        problem: Box<Problem>,
    },
    /// A field that no kustomization has.
    #[error("invalid Kustomization: json: unknown field {field:?}{}", DidYouMean(nearest.as_deref()))]
    UnknownField {
        /// The field.
        field: String,
        /// The known field that is most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong type.
    #[error(
        "invalid Kustomization: json: cannot unmarshal {found} into Go struct field {field} of type {wanted}{}",
        advice(found, wanted)
    )]
    WrongType {
        /// The type that the value has.
        found: &'static str,
        /// The field, as kustomize names it.
        field: String,
        /// The type that it should have.
        wanted: &'static str,
    },
    /// A kustomization that says nothing.
    #[error("kustomization.yaml is empty; list what it builds under `resources`")]
    EmptyKustomization,
    /// A `kind` that no kustomization has.
    #[error("kind should be Kustomization or Component, not {kind:?}")]
    WrongKind {
        /// The kind.
        kind: String,
    },
    /// An `apiVersion` that does not belong to the kind.
    #[error("apiVersion for {kind} should be {wanted}")]
    WrongApiVersion {
        /// The kind.
        kind: String,
        /// The right version.
        wanted: String,
    },

    // Refusals.
    /// Helm charts.
    #[error(
        "{field}: Helm charts are not built here, since that runs the helm program; render the chart with `helm template` and list the result under `resources`"
    )]
    HelmRefused {
        /// The field or plugin.
        field: String,
    },
    /// A plugin that is a program or container.
    #[error("external plugins disabled; {kind}: a build runs no {}; use a built-in transformer, or run the function beforehand and commit its output", if *is_function { "container or function" } else { "program" })]
    ProgramRefused {
        /// The kind of its config.
        kind: String,
        /// Whether it is a KRM function.
        is_function: bool,
    },
    /// A base or file elsewhere.
    #[error(
        "{url}: remote bases are off: a build reads nothing but its own repository; copy the files here"
    )]
    RemoteRefused {
        /// The address.
        url: String,
    },

    // Paths.
    /// An empty path.
    #[error("the path is empty")]
    EmptyPath,
    /// A file that is not there.
    #[error("evalsymlink failure on '{}': no such file or directory{}", Rooted(path), DidYouMean(similar.as_deref()))]
    MissingFile {
        /// The file.
        path: TreePath,
        /// The file of its directory that is called most like it.
        similar: Option<String>,
    },
    /// A directory where a file is wanted.
    #[error("'{}' must resolve to a file", Rooted(path))]
    NotAFile {
        /// The directory.
        path: TreePath,
    },
    /// A file outside the directory of the kustomization.
    #[error(
        "security; file '{}' is not in or below '{}'; move it there, or allow files from anywhere (--load-restrictor LoadRestrictionsNone)",
        Rooted(file),
        Rooted(root)
    )]
    OutsideRoot {
        /// The file.
        file: TreePath,
        /// The directory.
        root: TreePath,
    },
    /// A kustomization that leads back to itself.
    #[error(
        "cycle detected: candidate root '{}' contains visited root '{}'",
        Rooted(candidate),
        Rooted(visited)
    )]
    Cycle {
        /// The directory that is to be built.
        candidate: TreePath,
        /// The directory that is being built.
        visited: TreePath,
    },
    /// Too many kustomizations within each other.
    #[error("kustomizations are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More kustomizations than a build may read.
    #[error("the build reads more than {limit} kustomizations")]
    TooManyKustomizations {
        /// The limit.
        limit: usize,
    },
    /// Values that grow without bound.
    #[error("copying would make an object of more than {limit} values")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// An entry of `resources` that cannot be added.
    #[error("accumulating resources from '{path}': {problem}")]
    Resource {
        /// The entry.
        path: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A component among the resources.
    #[error(
        "expected kind != 'Component' for path '{}'; list it under `components`",
        Rooted(path)
    )]
    ComponentAsResource {
        /// The directory.
        path: TreePath,
    },
    /// A kustomization among the components.
    #[error(
        "expected kind 'Component' for path '{}' but got '{kind}'; list it under `resources`",
        Rooted(path)
    )]
    NotAComponent {
        /// The directory.
        path: TreePath,
        /// Its kind.
        kind: String,
    },
    /// A file among the components.
    #[error("must build at directory: '{}': file is not directory", Rooted(path))]
    ComponentIsFile {
        /// The file.
        path: TreePath,
    },

    // Objects.
    /// A document that is no object.
    #[error("missing Resource metadata: a Kubernetes object has apiVersion, kind and metadata")]
    MissingMetadata,
    /// An object without a kind.
    #[error("missing kind in object (apiVersion {api_version:?}, name {name:?})")]
    MissingKind {
        /// Its version.
        api_version: String,
        /// Its name.
        name: String,
    },
    /// An object without a name.
    #[error("missing metadata.name in object {kind} (apiVersion {api_version:?})")]
    MissingName {
        /// Its version.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// A list whose items are none.
    #[error("expected array in {kind}/items")]
    ItemsNotAList {
        /// The kind of the list.
        kind: String,
    },
    /// Two objects with the same identity.
    #[error(
        "may not add resource with an already registered id: {id}; the first one is at {first}"
    )]
    DuplicateId {
        /// The identity.
        id: String,
        /// Where the first one was read.
        first: Place,
    },
    /// More objects than a build may have.
    #[error("the build has more than {limit} objects")]
    TooManyObjects {
        /// The limit.
        limit: usize,
    },
    /// An object that cannot be printed.
    #[error("{reason}")]
    Unprintable {
        /// Why.
        reason: String,
    },
    /// A mistake in an object.
    #[error("{object}: {problem}")]
    InObject {
        /// The identity of the object.
        object: String,
        /// The mistake.
        problem: Box<Problem>,
    },
    /// A mistake in another file.
    #[error("{place}: {problem}")]
    InFile {
        /// Where.
        place: Place,
        /// The mistake.
        problem: Box<Problem>,
    },

    // Generators.
    /// A generator without a name.
    #[error("a {kind} generator needs a name")]
    GeneratorName {
        /// What it generates.
        kind: &'static str,
    },
    /// A literal that is not `key=value`. It is not printed, since it may be a secret.
    #[error("invalid literal source, expected key=value")]
    Literal,
    /// A file source that is neither `path` nor `key=path`.
    #[error("invalid file source {source_text:?}: write a path, or key=path")]
    FileSource {
        /// The source.
        source_text: String,
    },
    /// An env file that is not text.
    #[error("{file}:{line}: invalid utf8 bytes")]
    EnvEncoding {
        /// The file.
        file: TreePath,
        /// The line.
        line: usize,
    },
    /// A key that comes twice.
    #[error("configmap {name} illegally repeats the key `{key}`")]
    RepeatedKey {
        /// The name of the generated object.
        name: String,
        /// The key.
        key: String,
    },
    /// A generated object that is there already.
    #[error(
        "id {id} exists; can not use behavior: '{behavior}', behavior must be merge or replace"
    )]
    GeneratedTwice {
        /// The identity.
        id: String,
        /// The behaviour of the generator.
        behavior: &'static str,
    },
    /// A generator with nothing to merge into.
    #[error("id {id} does not exist; cannot merge or replace (behavior is {behavior})")]
    NothingToMerge {
        /// The identity.
        id: String,
        /// The behaviour of the generator.
        behavior: &'static str,
    },
    /// A generator with several objects to merge into.
    #[error("found multiple objects that could accept merge of {id}")]
    SeveralToMerge {
        /// The identity.
        id: String,
    },
    /// A cloud that the `IAMPolicyGenerator` does not know.
    #[error("cloud provider {cloud} not supported yet")]
    Cloud {
        /// The cloud.
        cloud: String,
    },

    // Plugins.
    /// A built-in plugin that there is not.
    #[error("unable to load builtin {kind}.builtin.[noGrp]{}", DidYouMean(nearest.as_deref()))]
    UnknownPlugin {
        /// The kind.
        kind: String,
        /// The known kind that is most like it.
        nearest: Option<String>,
    },
    /// A plugin whose config is wrong.
    #[error("plugin {id} fails configuration: {problem}")]
    PluginConfig {
        /// The identity of the config.
        id: String,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// A transformer among the generators.
    #[error("{kind} is not a generator")]
    NotAGenerator {
        /// The kind.
        kind: String,
    },
    /// A generator among the transformers.
    #[error("{kind} is not a transformer")]
    NotATransformer {
        /// The kind.
        kind: String,
    },
    /// A plugin that must say which fields it changes.
    #[error("fieldSpecs is not expected to be nil: name the fields that the transformer changes")]
    MissingFieldSpecs,
    /// A way to treat subjects that there is not.
    #[error(
        "invalid value {mode:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
    )]
    SubjectMode {
        /// The word.
        mode: String,
    },
    /// A `ValueAddTransformer` without targets.
    #[error("must specify at least one target")]
    ValueAddTargets,
    /// A part of a path that is before its beginning.
    #[error("value of FilePathPosition ({position}) cannot be negative")]
    NegativePosition {
        /// The position.
        position: i64,
    },
    /// A validator that changes objects.
    #[error("validator shouldn't modify the resource map")]
    ValidatorChanges,

    // Fields.
    /// Two specs of a field that do not agree about making it.
    #[error("conflicting fieldspecs for {path}: one creates the field, the other does not")]
    ConflictingFieldSpecs {
        /// The field.
        path: String,
    },
    /// A field that cannot be set.
    #[error("considering field '{field}' of object {object}: {problem}")]
    Field {
        /// The field.
        field: String,
        /// The identity of the object.
        object: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A namespace field that is no text.
    #[error("namespace field specs must target scalar nodes: {problem}")]
    NamespaceField {
        /// The field.
        problem: Box<Problem>,
    },
    /// A path that goes through a plain value.
    #[error("expected sequence or mapping node")]
    NotACollection,
    /// A part of a path that is empty.
    #[error("cannot set or create an empty field name")]
    EmptyFieldName,
    /// A node of another kind than is needed.
    #[error("wrong node kind: expected {wanted} but got {found}")]
    WrongNodeKind {
        /// The kind that is needed.
        wanted: &'static str,
        /// The kind that is there.
        found: &'static str,
    },
    /// A schema that cannot be read.
    #[error("invalid schema file: {0}")]
    Schema(SchemaError),
    /// Both a version and a schema of the user's own.
    #[error("builtin version and custom schema provided, cannot use both")]
    OpenApiBoth,
    /// A version that is not built in.
    #[error("the specified OpenAPI version is not built in: {version}; v1.21.2 is")]
    OpenApiVersion {
        /// The version.
        version: String,
    },

    // Selecting.
    /// A regular expression that is none.
    #[error("{pattern:?} is not a regular expression: {reason}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// Why not.
        reason: String,
    },
    /// A label selector that is none.
    #[error("{selector:?} is not a label selector: {reason}")]
    LabelSelector {
        /// The selector.
        selector: String,
        /// Why not.
        reason: &'static str,
    },
    /// `replicas` for an object that is not there.
    #[error(
        "resource with name {name} does not match a config with the following GVK [{kinds}]{}",
        There(there)
    )]
    ReplicaTarget {
        /// The name.
        name: String,
        /// The kinds that were looked for.
        kinds: String,
        /// What the build has.
        there: Vec<String>,
    },

    // Patches.
    /// A patch for an object that is not there.
    #[error(
        "no matches for Id {id}; failed to find unique target for patch {id}{}",
        There(there)
    )]
    NoPatchTarget {
        /// The identity.
        id: String,
        /// What the build has.
        there: Vec<String>,
    },
    /// A patch for which there are several objects.
    #[error(
        "multiple matches for Id {id}; failed to find unique target for patch {id}: {}",
        Listed(places)
    )]
    SeveralPatchTargets {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// An entry of `patches` without a patch.
    #[error("must specify one of patch and path in a patch")]
    PatchMissing,
    /// An entry of `patches` with two patches.
    #[error("patch and path can't be set at the same time")]
    PatchTwice,
    /// A patch file that cannot be read.
    #[error("failed to get the patch file from path({path}): {problem}")]
    PatchFile {
        /// The file.
        path: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A patch that is neither.
    #[error("unable to parse SM or JSON patch from {source_name}: line {line}: {problem}")]
    PatchUnreadable {
        /// The patch or its file.
        source_name: String,
        /// The line in the file.
        line: u32,
        /// Why it is not the kind of patch that it looks like.
        problem: Box<Problem>,
    },
    /// Several patches for a selector.
    #[error("Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {source_name}", source_name = name)]
    SeveralPatchesForTarget {
        /// The patch or its file.
        name: String,
    },
    /// A JSON patch without a target.
    #[error("must specify a target for JSON patch {source_name}", source_name = name)]
    JsonPatchTarget {
        /// The patch or its file.
        name: String,
    },
    /// A JSON patch whose target has no name.
    #[error("must specify the target name")]
    JsonPatchName,
    /// An entry of `patchesJson6902` without a patch.
    #[error("empty file path and empty jsonOp")]
    JsonPatchMissing,
    /// An entry of `patchesJson6902` with two patches.
    #[error("must specify a file path or jsonOp, not both")]
    JsonPatchTwice,
    /// A JSON patch without operations.
    #[error("patch appears to be empty")]
    JsonPatchEmpty,
    /// A text that is no JSON patch.
    #[error("a JSON patch is a list of operations, each with `op` and `path`")]
    NotAJsonPatch,
    /// A `PatchStrategicMergeTransformer` without patches.
    #[error("empty file path and empty patch content")]
    StrategicPatchMissing,
    /// Strategic merge patches that say nothing.
    #[error("patch appears to be empty; it has no object")]
    StrategicPatchEmpty,
    /// A `$patch` directive that there is not.
    #[error("unknown patch strategy '{directive}'; $patch is merge, replace or delete")]
    UnknownDirective {
        /// The directive.
        directive: String,
    },
    /// A patch that puts one kind of value in the place of another.
    #[error(
        "wrong node kind: expected {wanted} but got {found} (line {line} of the patch or object)"
    )]
    PatchKind {
        /// The kind that is there.
        wanted: &'static str,
        /// The kind that the patch has.
        found: &'static str,
        /// The line of the one that does not fit.
        line: u32,
    },
    /// An operation without a field that it needs.
    #[error("{op} operation failed to decode {field}: the field is missing")]
    PatchField {
        /// The operation.
        op: String,
        /// The field.
        field: &'static str,
    },
    /// An operation that there is not.
    #[error("Unexpected kind: {op}; op is add, remove, replace, move, copy or test")]
    PatchOperation {
        /// The operation.
        op: String,
    },
    /// A path that leads nowhere.
    #[error("{op} operation does not apply: doc is missing path: {path}: missing value")]
    PatchPath {
        /// The operation.
        op: &'static str,
        /// The path.
        path: String,
    },
    /// A field that cannot be removed, since it is not there.
    #[error(
        "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
    )]
    PatchRemove {
        /// The path.
        path: String,
        /// Its last part.
        key: String,
    },
    /// An array index that is out of bounds.
    #[error("Unable to access invalid index in path '{path}': the list has {length} elements")]
    PatchIndex {
        /// The path.
        path: String,
        /// The length of the array.
        length: usize,
    },
    /// A test that failed.
    #[error("testing value {path} failed: test failed")]
    PatchTest {
        /// The path.
        path: String,
    },

    // Names and namespaces.
    /// Two objects that get the same identity.
    #[error(
        "namespace transformation produces ID conflict: {id}: {}",
        Listed(places)
    )]
    NamespaceConflict {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A role binding whose subject has an empty namespace.
    #[error("Invalid Input: namespace is blank for resource {id:?} (line {line})")]
    BlankNamespace {
        /// The identity of the role binding.
        id: String,
        /// The line of the namespace.
        line: u32,
    },
    /// A reference that does not name anything.
    #[error("path config error; no 'name' field in node")]
    ReferenceWithoutName,
    /// A name that could be that of several objects.
    #[error("found multiple possible referrals for {name}: {}", found.join(", "))]
    AmbiguousReference {
        /// The name.
        name: String,
        /// The identities of the objects.
        found: Vec<String>,
    },

    // Replacements.
    /// A replacement that lacks a part.
    #[error("replacements must specify a source and at least one target")]
    ReplacementIncomplete,
    /// A replacement with two sources.
    #[error("value and resource selectors are mutually exclusive")]
    ReplacementTwoSources,
    /// A replacement that is both in a file and inline.
    #[error("cannot specify both path and inline replacement")]
    ReplacementPathAndInline,
    /// A file that has no replacement.
    #[error(
        "unsupported replacement type encountered within replacement path: write a replacement or a list of them"
    )]
    ReplacementFile,
    /// A source that is not there.
    #[error("nothing selected by {source_name}{}", There(there), source_name = name)]
    ReplacementSourceMissing {
        /// The source.
        name: String,
        /// What the build has.
        there: Vec<String>,
    },
    /// A source that is several objects.
    #[error("multiple matches for selector {source_name}: {}", Listed(places), source_name = name)]
    ReplacementSourceAmbiguous {
        /// The source.
        name: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A source that lacks the field.
    #[error("fieldPath `{path}` is missing for replacement source {object}")]
    ReplacementSourceField {
        /// The field.
        path: String,
        /// The object.
        object: String,
    },
    /// A part of a value that there is not. The value is not printed, since it may be a secret.
    #[error("options.index {index} is out of bounds for a value of {count} parts")]
    ReplacementIndex {
        /// The number of the part.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// A delimiter for a value that is no text.
    #[error("delimiter option can only be used with scalar nodes")]
    DelimiterNeedsScalar,
    /// A target that selects nothing.
    #[error("target must specify resources to select")]
    ReplacementNoTarget,
    /// A target that lacks the field.
    #[error("unable to find{} field {path:?} in replacement target{}", if *creates { " or create" } else { "" }, Because(problem.as_deref()))]
    ReplacementField {
        /// The field.
        path: String,
        /// Whether it would be made.
        creates: bool,
        /// Why it was not found.
        problem: Option<Box<Problem>>,
    },
    /// An element of a path that is not `[name=value]`.
    #[error("list path element {part} must contain fieldName=fieldValue for element to match")]
    PathElement {
        /// The element.
        part: String,
    },
    /// A negative array index.
    #[error("array index {index} cannot be negative")]
    PathIndex {
        /// The index.
        index: i64,
    },
    /// An array index behind the end.
    #[error("index {index} specified but only {count} elements found")]
    PathTooFar {
        /// The index.
        index: usize,
        /// The number of elements.
        count: usize,
    },
    /// A `*` where one field is wanted.
    #[error("wildcard is not supported in PathGetter")]
    PathWildcard,

    // Vars.
    /// A var of the same name.
    #[error("var '{name}' already encountered")]
    RepeatedVar {
        /// The name.
        name: String,
    },
    /// A var that could be of several objects.
    #[error("found {count} resId matches for var {var} (unable to disambiguate)")]
    AmbiguousVar {
        /// How many.
        count: usize,
        /// The var.
        var: String,
    },
    /// A var whose object is not there.
    #[error("var '{var}' cannot be mapped to a field in the set of known resources")]
    VarObject {
        /// The var.
        var: String,
    },
    /// A var whose object lacks the field.
    #[error("field specified in var '{var}' not found in corresponding resource")]
    VarField {
        /// The var.
        var: String,
    },
    /// A key that is no text, where vars are replaced.
    #[error("invalid map key: value='{key}'; quote it")]
    VarKey {
        /// The key.
        key: String,
    },
    /// An element that is no text, where vars are replaced.
    #[error("invalid value type expect a string")]
    VarElement,

    // Order.
    /// An order that there is not.
    #[error("the field 'sortOptions.order' must be one of [fifo, legacy], not {order:?}")]
    SortOrder {
        /// The word.
        order: String,
    },
    /// Options of an order that was not chosen.
    #[error(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
    )]
    SortOptionsUnused,
}

impl Problem {
    /// Returns the problem as that of an entry of `resources`.
    pub(crate) fn in_resource(self, path: &str) -> Self {
        Self::Resource {
            path: path.to_owned(),
            problem: Box::new(self),
        }
    }
}
