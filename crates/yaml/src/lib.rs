//! YAML with styles, comments and positions, printed as kustomize prints it.
//!
//! - [`parse`], [`parse_first`], [`parse_with`]: a text to its [`Document`]s, within [`Limits`].
//! - [`Node`]: a value with its tag, anchor, style, position and comments.
//! - [`Value`], [`Scalar`], [`Mapping`]: what a node holds.
//! - [`Resolved`]: what type a scalar has, by [`Node::resolve`].
//! - [`replace_scalar`], [`rewrite`]: edits of one scalar, or of anything, that leave the rest of a text as
//!   it is.
//! - [`print_build`]: a node as `kustomize build` prints it.
//! - [`print_file`]: documents as go-yaml v3 prints them, with comments and styles.
//! - [`Node::to_json`]: a node as a JSON value, and [`Node::from`] one.
//!
//! ```
//! let documents = windlass_yaml::parse("kind: Service\nspec: {ports: [{port: 80}]}\n")?;
//! let mut service = documents[0].root.clone();
//! service.set("apiVersion", "v1".into());
//! assert_eq!(
//!     windlass_yaml::print_build(&service)?,
//!     "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the values mean to Kubernetes is the business of the crates above.
//!
//! # Reading
//!
//! A text is a list of documents, each with a tree of nodes. Reading resolves nothing: a scalar keeps its
//! text and quotes, an alias stays an alias, and every node knows where it stands.
//!
//! ```
//! use windlass_yaml::{ScalarStyle, parse};
//!
//! let documents = parse("---\nreplicas: 0x10 # many\n---\n- 'web'\n")?;
//! let replicas = documents[0].root.get("replicas").expect("it is there");
//! assert_eq!(replicas.text(), Some("0x10"));
//! assert_eq!(replicas.as_i64(), Some(16));
//! assert_eq!(replicas.start.to_string(), "2:11");
//! assert_eq!(replicas.comments().map(|comments| &*comments.line), Some("# many"));
//!
//! let web = documents[1].root.as_sequence().and_then(|items| items[0].as_scalar());
//! assert_eq!(web.map(|scalar| scalar.style), Some(ScalarStyle::SingleQuoted));
//! # Ok::<(), windlass_yaml::ParseError>(())
//! ```
//!
//! # Looking
//!
//! [`Node::get`] and [`Node::at`] find values by keys; [`Node::as_str`], [`Node::as_i64`] and the like say
//! what they are. For everything else there is a `match` on [`Node::value`] and [`Node::resolve`].
//!
//! ```
//! use windlass_yaml::{Resolved, Value, parse};
//!
//! let mut root = parse("base: &b {cpu: 1}\nlimits: {<<: *b, memory: 1Gi}\n")?.remove(0).root;
//! root.expand_aliases(&Default::default())?;
//! let limits = root.at(&["limits", "memory"]).expect("it is there");
//! assert_eq!(limits.resolve(), Resolved::String("1Gi"));
//! let Value::Mapping(limits) = &root.get("limits").expect("it is there").value else {
//!     panic!("it is a mapping");
//! };
//! assert_eq!(limits.keys().collect::<Vec<_>>(), ["memory", "cpu"]);
//! # Ok::<(), windlass_yaml::ParseError>(())
//! ```
//!
//! # Editing
//!
//! Nodes are plain data: [`Node::set`], [`Node::remove`], [`Node::set_string`] and the fields themselves
//! change a tree. To change a file that a person owns, hand the changed tree to [`rewrite`], which touches
//! only the bytes that must change, or use [`replace_scalar`] for a single value.
//!
//! ```
//! let text = "# ours\nimages:\n    - name: web   # the server\n      newTag: 1.2.0\n";
//! let mut root = windlass_yaml::parse(text)?.remove(0).root;
//! let images = root.get_mut("images").and_then(|images| images.as_sequence_mut());
//! images.expect("it is a list")[0].set("newTag", "1.10".into());
//! assert_eq!(
//!     windlass_yaml::rewrite(text, &root)?,
//!     "# ours\nimages:\n    - name: web   # the server\n      newTag: \"1.10\"\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Printing
//!
//! There are two printers, because the original has two. [`print_build`] is for output: sorted keys, no
//! comments, styles chosen anew. [`print_file`] is for files: order, comments and quotes stay, but spaces
//! and empty lines are laid out anew. What either prints reads back as the same value and prints as
//! itself, but for the quirks of the original that each function lists.
//!
//! ```
//! let text = "b: 'yes' # why\na:   [1, 2]\n";
//! let documents = windlass_yaml::parse(text)?;
//! assert_eq!(
//!     windlass_yaml::print_file(&documents, &Default::default()),
//!     "b: 'yes' # why\na: [1, 2]\n"
//! );
//! assert_eq!(
//!     windlass_yaml::print_build(&documents[0].root)?,
//!     "a:\n- 1\n- 2\nb: \"yes\"\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which YAML
//!
//! The dialect of go-yaml v3 as kyaml 0.21.1 uses it, which is what Kubernetes manifests are written in: the
//! syntax of YAML 1.1 with most types of YAML 1.2.
//!
//! | | |
//! | --- | --- |
//! | booleans | `true` and `false` (also `True`, `TRUE`, …); `yes`, `no`, `on`, `off`, `y` and `n` are strings, and [`print_build`] quotes them for readers of YAML 1.1 |
//! | null | `null`, `Null`, `NULL`, `~`, and nothing at all |
//! | integers | `10`, `0x1F`, `0b11`, `0o17`, and as in 1.1 `017` and `1_000`; those beyond 64 bits are floats |
//! | base 60 | `190:20:30` is a string, printed with quotes |
//! | floats | `1.5`, `.5`, `1e3`, `.inf`, `-.inf`, `.nan` |
//! | times | `2020-01-01` and `2020-01-01T00:00:00Z` are times, strings with a zone in JSON |
//! | `<<` | the merge key, for [`Node::expand_aliases`]; only one in a mapping |
//! | tags | `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!timestamp`, `!!binary` and `!!merge` count; a scalar with any other tag is a string |
//! | keys | of any kind; scalars are found by their text; before its colon one has at most 1,024 characters |
//! | line breaks | LF, CR, CR LF, and as in 1.1 U+0085, U+2028 and U+2029 |
//! | tabs | between tokens, but never as indentation |
//! | directives | `%TAG`, and `%YAML` with 1.1 only |
//! | anchors | may be given again, and are known to the end of the text, also in later documents |
//! | encodings | UTF-8; UTF-16 with a byte order mark |
//!
//! The same texts are refused as there, with the same values for all others, but for these:
//!
//! - Bytes that are no text, and control characters, are refused wherever they stand; go-yaml does not see
//!   them behind what it reads.
//! - [`Limits`] are lower than go-yaml's, and there are more of them.
//! - After a comment before a list item go-yaml steps over some mistakes, and reads the rest as something
//!   else; here they stay mistakes.
//! - A second byte order mark is a character of the text.
//! - Lines in messages are those of the mistake; go-yaml often names the one before.
//! - [`print_build`] sorts by Rust's letters, which are more than Go's: keys with combining marks, Roman
//!   numerals or letters newer than Unicode 15 may come in another order.
//!
//! # Limits and errors
//!
//! Reading ends at the first mistake, or when a text is over one of the [`Limits`]: bytes, depth, nodes and the
//! nodes that aliases expand to. No text makes this crate panic, recurse without end or take memory beyond
//! a multiple of these. [`ParseError`] and [`PrintError`] carry the [`Position`] as data, and say what to do.
//!
//! ```
//! let error = windlass_yaml::parse("a: b: c\n").expect_err("the second colon is wrong");
//! assert_eq!(error.position().to_string(), "1:5");
//! assert!(error.in_file("a.yaml").starts_with("a.yaml:1:5: line 1: mapping values are not allowed"));
//! ```
//!
//! # Other libraries
//!
//! This is no serde format: nothing is deserialized into types of yours, since that loses comments, quotes,
//! positions and the order of keys. Libraries for YAML 1.2 read `017` and `1_000`, times and merge
//! keys otherwise, and none prints what kustomize prints. Take this one to read, check and edit what
//! Kubernetes tools in Go read too; take another one for configuration of your own.

mod access;
mod alias;
mod edit;
mod error;
mod extras;
mod json;
mod mapping;
mod node;
mod number;
mod parse;
mod print;
mod resolve;
mod rewrite;

pub use edit::{EditError, replace_scalar};
pub use error::{LimitKind, ParseError};
pub use mapping::{Entry, Mapping};
pub use node::{Comments, Document, Layout, Node, Position, Scalar, ScalarStyle, Value};
pub use parse::{DuplicateKeys, Limits, ParseOptions, parse, parse_first, parse_with};
pub use print::{
    FileStyle, PrintError, SequenceIndent, print_build, print_build_into, print_build_json,
    print_file,
};
pub use resolve::Resolved;
pub use rewrite::{RewriteError, rewrite};
