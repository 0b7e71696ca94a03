//! Addresses as messages show them. A message ends in logs, so it has no users, passwords or tokens.

use windlass_tree::TreePath;

use super::RemoteBase;

/// What stands for what is left out.
const HIDDEN: &str = "…";

/// The parts of a query that say which base it is; any other may be a token.
const OPEN: [&str; 4] = ["ref", "version", "timeout", "submodules"];

/// Returns an address without its user and without the values of its query that could be secret. A path stays as
/// it is.
pub(crate) fn redacted(text: &str) -> String {
    if !text.contains("://") && RemoteBase::parse(text).is_none() {
        return text.to_owned();
    }
    let (address, query) = match text.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (text, None),
    };
    let mut shown = match user(address) {
        Some((before, after)) => format!("{before}{HIDDEN}{after}"),
        None => address.to_owned(),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(redacted_pair).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

/// Returns what stands before and behind the user, if there is one that has to be hidden.
fn user(address: &str) -> Option<(&str, &str)> {
    let scheme = address.find("://").map(|at| at + "://".len());
    let start = scheme.unwrap_or(if address.starts_with("git::") { 5 } else { 0 });
    let (before, rest) = address.split_at(start);
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let is_cut = port.is_some_and(|port| port.parse::<u16>().is_err());
    let end = match authority.rfind('@') {
        // A password may have a '/'.
        None if scheme.is_some() && is_cut => rest.rfind('@')?,
        at => at?,
    };
    let (user, host) = rest.split_at(end);
    // Without a scheme it may be the name of a directory.
    let is_host = scheme.is_some() || authority.contains(':') || host.starts_with("@github.com");
    (is_host && user != "git").then_some((before, host))
}

fn redacted_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, _)) if OPEN.contains(&key) => pair.to_owned(),
        Some((key, _)) => format!("{key}={HIDDEN}"),
        None if pair.is_empty() => String::new(),
        None => HIDDEN.to_owned(),
    }
}

/// Returns the address of a file that was fetched; `None` for a file of the tree.
pub(crate) fn address_of(path: &TreePath) -> Option<String> {
    let (scheme, rest) = path.as_str().split_once(":/")?;
    match scheme {
        "https" | "http" | "ssh" => Some(format!("{scheme}://{rest}")),
        "file" => Some(format!("{scheme}:///{rest}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_and_tokens() {
        for (address, shown) in [
            ("https://u:tok@host/x.yaml", "https://…@host/x.yaml"),
            (
                "https://ghp_tok@host/o/r?ref=v1",
                "https://…@host/o/r?ref=v1",
            ),
            ("https://u:to/k@host/o/r", "https://…@host/o/r"),
            ("https://host:80/p@v1/x.yaml", "https://host:80/p@v1/x.yaml"),
            (
                "https://h/x.yaml?a=tok&ref=v1&tok",
                "https://h/x.yaml?a=…&ref=v1&…",
            ),
            ("ssh://git@host/o/r", "ssh://git@host/o/r"),
            ("git@github.com:o/r", "git@github.com:o/r"),
            ("tok@github.com:o/r", "…@github.com:o/r"),
            ("tok@github.com/o/r", "…@github.com/o/r"),
            ("git::https://tok@host/o/r", "git::https://…@host/o/r"),
        ] {
            assert_eq!(redacted(address), shown);
        }
    }

    #[test]
    fn a_path_is_shown_as_it_is() {
        for path in ["base", "../a@b/c?d=e", "a@b/c/d", "/a@b", ""] {
            assert_eq!(redacted(path), path);
        }
    }

    #[test]
    fn what_was_fetched_is_called_by_its_address() {
        for (path, address) in [
            ("https:/host/x.yaml", Some("https://host/x.yaml")),
            ("file:/srv/repo@HEAD/a", Some("file:///srv/repo@HEAD/a")),
            ("base/x.yaml", None),
        ] {
            let path = TreePath::new(path).unwrap();
            assert_eq!(address_of(&path).as_deref(), address);
        }
    }
}
