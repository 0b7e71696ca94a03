//! The user that a command runs as (`--user`).

use std::fs;

use super::exit::Exit;
use crate::failure::Failure;

const ACCOUNTS: &str = "/etc/passwd";

/// A user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Returns the user with this name, if one is wanted. Only `/etc/passwd` is looked at. The command gets the
    /// user's own group and no other; sops 3.11 takes the number of the user for that of the group.
    pub(super) fn named(name: Option<&str>) -> Result<Option<Self>, Failure> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let accounts = fs::read_to_string(ACCOUNTS)
            .map_err(|error| Exit::Generic.because(format!("{ACCOUNTS}: {error}")))?;
        let found = find(&accounts, name);
        let account = found.ok_or_else(|| {
            Exit::Generic.because(format!(
                "--user {name}: there is no such user in {ACCOUNTS}"
            ))
        })?;
        Ok(Some(account))
    }
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_group_of_its_line() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\n# odd\nweb:x:33:34::/:\nbroken:x:a:b\n";
        assert_eq!(find(accounts, "web"), Some(Account { uid: 33, gid: 34 }));
        for name in ["we", "x", "", "broken"] {
            assert_eq!(find(accounts, name), None, "{name}");
        }
    }
}
