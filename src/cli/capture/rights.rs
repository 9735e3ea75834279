//! The rights of `netlab capture`: which user to become, and what to do without the right to capture.

use std::env;

use super::Arguments;
use crate::base::text::harmless;
use crate::capture::privileges::{self, Account, DropError};
use crate::cli::Failure;

/// What becomes of the rights once the capture is open.
#[derive(Debug)]
pub(super) enum Plan {
    /// They are kept.
    Keep,
    /// The process becomes another user.
    Become(Account),
    /// The user stays, what else the process may is given up.
    Forget,
}

/// Whom to become: the user of `-Z`, or the one behind sudo.
pub(super) fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    if arguments.no_drop {
        return Ok(Plan::Keep);
    }
    if !privileges::is_root() {
        return match &arguments.user {
            Some(_) => Err(Failure::Usage("only root can become another user (-Z)".to_owned())),
            None => Ok(Plan::Forget),
        };
    }
    let account = match &arguments.user {
        Some(name) => Some(Account::named(name).map_err(|error| Failure::Usage(error.to_string()))?),
        None => Account::behind_sudo(|name| env::var_os(name)),
    };
    // Somebody who is root without sudo, or asks to be, means it.
    Ok(account.filter(|account| !account.is_root()).map_or(Plan::Keep, Plan::Become))
}

/// Gives the rights up.
pub(super) fn give_up(plan: &Plan) -> Result<(), Failure> {
    match plan {
        Plan::Keep => Ok(()),
        Plan::Become(account) => privileges::become_user(account),
        Plan::Forget => privileges::forget_capabilities(),
    }
    .map_err(|error: DropError| Failure::CouldNot(format!("{error}; --no-drop keeps the rights as they are")))
}

/// What may explain that a file cannot be written: it is no longer root who writes it.
pub(super) fn writing_as(plan: &Plan) -> Option<String> {
    match plan {
        Plan::Become(account) => {
            Some(format!("files are written as user {}; --no-drop keeps root", harmless(&account.label())))
        }
        Plan::Keep | Plan::Forget => None,
    }
}

/// Why it is not permitted, and the two ways out. The program is named by its place, for sudo looks elsewhere for
/// programs than its user does.
pub(super) fn missing(interface: &str) -> Failure {
    let program = env::current_exe().map_or_else(|_| "netlab".to_owned(), |path| quoted(&path.to_string_lossy()));
    let words: Vec<_> = env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy())).collect();
    Failure::NotPermitted(format!(
        "not permitted to capture on {interface}: this process lacks the capability CAP_NET_RAW
  for this once:    sudo {program} {}
  for good:         sudo setcap cap_net_raw=ep {program}   (again after each new installation)",
        words.join(" ")
    ))
}

/// A word as a shell takes it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", harmless(&word.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_needs_it() {
        assert_eq!(quoted("eth0"), "eth0");
        assert_eq!(quoted("tcp port 80"), "'tcp port 80'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
