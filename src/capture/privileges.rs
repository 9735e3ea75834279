//! The rights of the process: given up as soon as the capture is open, so that no packet is ever decoded by root.

use std::ffi::OsString;

use caps::CapSet;
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};

/// The user that the process becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name, if the user has an entry in the system's list.
    pub name: Option<String>,
    uid: Uid,
    gid: Gid,
}

/// Why rights could not be given up, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DropError(String);

impl Account {
    /// The user of that name, or with that number.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn named(name: &str) -> Result<Account, DropError> {
        let found = match name.parse() {
            Ok(number) => User::from_uid(Uid::from_raw(number)),
            Err(_) => User::from_name(name),
        };
        match found {
            Ok(Some(user)) => Ok(Account { name: Some(user.name), uid: user.uid, gid: user.gid }),
            Ok(None) => Err(DropError(format!("there is no user {name:?} (-Z)"))),
            Err(error) => Err(DropError(format!("cannot look up user {name:?}: {error}"))),
        }
    }

    /// The user behind sudo, by what sudo says in the environment; `None` if it was root, or there was no sudo.
    /// Only to be believed by root: anybody else could have written it.
    pub fn behind_sudo(variable: impl Fn(&str) -> Option<OsString>) -> Option<Account> {
        let number = |name| variable(name)?.to_str()?.parse::<u32>().ok();
        let uid = Uid::from_raw(number("SUDO_UID")?);
        let gid = Gid::from_raw(number("SUDO_GID")?);
        if uid.is_root() {
            return None;
        }
        let name = variable("SUDO_USER").and_then(|name| name.into_string().ok());
        Some(Account { name, uid, gid })
    }

    /// True if becoming this user gives nothing up.
    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }

    /// What to call the user.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.uid.to_string())
    }
}

/// True if the process is root and so has something to give up by becoming somebody else.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Becomes `account` for good, with its groups, and gives up every capability. Files opened afterwards belong to it.
///
/// # Errors
/// When the system refuses; the process must not go on then.
pub fn become_user(account: &Account) -> Result<(), DropError> {
    let label = account.label();
    let refused = |what: &str, error: nix::Error| DropError(format!("cannot become user {label}: {what}: {error}"));
    // Groups first: afterwards the right to change them is gone. A user without an entry has no other groups.
    let entry = User::from_uid(account.uid).ok().flatten().and_then(|user| std::ffi::CString::new(user.name).ok());
    match entry {
        Some(name) => initgroups(&name, account.gid),
        None => setgroups(&[account.gid]),
    }
    .map_err(|error| refused("groups", error))?;
    setgid(account.gid).map_err(|error| refused("group", error))?;
    setuid(account.uid).map_err(|error| refused("user", error))?;
    if !account.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
        return Err(DropError(format!("became user {label}, but could still become root again")));
    }
    forget_capabilities()
}

/// Gives up every capability of the process (of a program that got them from its file, say), and the way to get new ones.
///
/// # Errors
/// When the system refuses.
pub fn forget_capabilities() -> Result<(), DropError> {
    let refused = |error: caps::errors::CapsError| DropError(format!("cannot give up capabilities: {error}"));
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set).map_err(refused)?;
    }
    nix::sys::prctl::set_no_new_privs().map_err(|error| DropError(format!("cannot give up new rights: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| pairs.iter().find(|(found, _)| *found == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn the_user_behind_sudo_is_found_unless_it_was_root() {
        let somebody = [("SUDO_UID", "1000"), ("SUDO_GID", "1001"), ("SUDO_USER", "student")];
        let account = Account::behind_sudo(environment(&somebody)).expect("a user");
        assert_eq!((account.uid.as_raw(), account.gid.as_raw(), account.label().as_str()), (1000, 1001, "student"));
        assert_eq!(Account::behind_sudo(environment(&[("SUDO_UID", "0"), ("SUDO_GID", "0")])), None);
        assert_eq!(Account::behind_sudo(environment(&[])), None);
        assert_eq!(Account::behind_sudo(environment(&[("SUDO_UID", "no"), ("SUDO_GID", "1")])), None);
    }

    #[test]
    fn a_user_that_does_not_exist_is_refused_by_name() {
        assert_eq!(Account::named("root").expect("root exists").uid, Uid::from_raw(0));
        assert_eq!(Account::named("0").expect("root exists").label(), "root");
        let error = Account::named("no-such-user-here").expect_err("nobody has this name");
        assert!(error.to_string().contains("no-such-user-here"), "{error}");
    }
}
