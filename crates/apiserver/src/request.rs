//! What a path asks for, by the rules of kube-apiserver's `RequestInfo`.

use crate::query::decode;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Objects of a type.
    Resource(ResourceRoute),
    /// Anything else: the segments of the path.
    Other(Vec<String>),
}

/// Objects of a type, as the path names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceRoute {
    /// The API group, empty for the core group.
    pub(crate) group: String,
    /// The version.
    pub(crate) version: String,
    /// The namespace; empty for all, and for objects of the cluster.
    pub(crate) namespace: String,
    /// The plural name of the type.
    pub(crate) plural: String,
    /// The object's name; empty for the whole type.
    pub(crate) name: String,
    /// The subresource; empty for the object itself.
    pub(crate) subresource: String,
    /// Whether the path has the old prefix `watch`.
    pub(crate) watch: bool,
}

impl Route {
    /// Returns what `path` names. Empty segments do not count.
    pub(crate) fn parse(path: &str) -> Self {
        let segments: Vec<String> = path
            .split('/')
            .filter(|it| !it.is_empty())
            .map(decode)
            .collect();
        let texts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let route = match texts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => Some(("", *version, rest)),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                Some((*group, *version, rest))
            }
            _ => None,
        };
        match route {
            Some((group, version, rest)) => match ResourceRoute::parse(group, version, rest) {
                Some(route) => Self::Resource(route),
                None => Self::Other(segments),
            },
            None => Self::Other(segments),
        }
    }
}

impl ResourceRoute {
    fn parse(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let (watch, rest) = match rest {
            ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
            rest => (false, rest),
        };
        let base = Self {
            group: group.to_owned(),
            version: version.to_owned(),
            watch,
            ..Self::default()
        };
        let (namespace, plural, rest) = match rest {
            // `namespaces/NAME/status` is about the namespace itself.
            ["namespaces", name, sub @ ("status" | "finalize")] => {
                return Some(Self {
                    plural: "namespaces".to_owned(),
                    name: (*name).to_owned(),
                    subresource: (*sub).to_owned(),
                    ..base
                });
            }
            ["namespaces", namespace, plural, rest @ ..] => (*namespace, *plural, rest),
            [plural, rest @ ..] => ("", *plural, rest),
            [] => return None,
        };
        let (name, subresource) = match rest {
            [] => ("", ""),
            [name] => (*name, ""),
            // `services/NAME/proxy/any/path` is about the proxy.
            [name, subresource] | [name, subresource @ "proxy", ..] => (*name, *subresource),
            _ => return None,
        };
        Some(Self {
            namespace: namespace.to_owned(),
            plural: plural.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            ..base
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> ResourceRoute {
        match Route::parse(path) {
            Route::Resource(route) => route,
            Route::Other(segments) => panic!("{path} is no resource: {segments:?}"),
        }
    }

    #[test]
    fn a_namespaced_path_names_type_object_and_subresource() {
        let route = resource("/apis/apps/v1/namespaces/shop/deployments/web/scale");
        let expected = ResourceRoute {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            namespace: "shop".to_owned(),
            plural: "deployments".to_owned(),
            name: "web".to_owned(),
            subresource: "scale".to_owned(),
            watch: false,
        };
        assert_eq!(route, expected);
    }

    #[test]
    fn a_namespace_is_an_object_of_the_cluster() {
        let route = resource("/api/v1/namespaces/shop");
        assert_eq!(
            (route.plural.as_str(), route.name.as_str()),
            ("namespaces", "shop")
        );
        let route = resource("/api/v1/namespaces/shop/finalize");
        assert_eq!(
            (route.namespace.as_str(), route.subresource.as_str()),
            ("", "finalize")
        );
    }

    #[test]
    fn the_old_watch_prefix_is_read() {
        let route = resource("/api/v1/watch/namespaces/shop/pods");
        assert!(route.watch);
        assert_eq!(route.plural, "pods");
    }

    #[test]
    fn discovery_and_deep_paths_are_no_resources() {
        for path in [
            "/api/v1",
            "/apis/apps/v1",
            "/version",
            "/api/v1/pods/a/b/c/d",
        ] {
            assert!(matches!(Route::parse(path), Route::Other(_)), "{path}");
        }
    }
}
