//! The nearest name to one that is not known.

/// The name of `names` that is most like `wrong`, if any is alike enough to have been meant.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = wrong.to_ascii_lowercase();
    // A longer word allows more slips; a word of one or two letters resembles everything.
    let allowed = match wrong.chars().count() {
        0..=1 => return None,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    names
        .into_iter()
        .map(|name| (crate::base::text::distance(&wrong, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by_key(|(distance, name)| (*distance, name.len().abs_diff(wrong.len())))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let words = ["host", "port", "portrange", "ip.src", "tcp.port"];
        assert_eq!(nearest("hsot", words), Some("host"));
        assert_eq!(nearest("prot", words), Some("port"));
        assert_eq!(nearest("ip.scr", words), Some("ip.src"));
        assert_eq!(nearest("zzzzz", words), None);
        assert_eq!(nearest("x", words), None);
    }
}
