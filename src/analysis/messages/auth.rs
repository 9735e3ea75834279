//! Challenge and response: the server sends random octets, the client answers with a keyed digest of them (HMAC, RFC
//! 2104). Recognised by shape; checked if the key is given. The key is never printed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;

use super::Statement;
use super::joined::preview;
use super::stream::{Conversation, Side, Turn};

/// Digests that an answer may be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// 16 octets.
    Md5,
    /// 20 octets.
    Sha1,
    /// 32 octets.
    Sha256,
}

impl Digest {
    /// Octets of the digest.
    #[allow(clippy::len_without_is_empty, reason = "a digest is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Digest::Md5 => 16,
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
        }
    }

    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Digest::Md5 => "MD5",
            Digest::Sha1 => "SHA-1",
            Digest::Sha256 => "SHA-256",
        }
    }

    /// True if `answer` is the HMAC of `challenge` under `key`. Takes the same time wherever they differ.
    pub fn verifies(self, key: &[u8], challenge: &[u8], answer: &[u8]) -> bool {
        // HMAC takes keys of any length.
        match self {
            Digest::Md5 => Hmac::<md5::Md5>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(challenge).verify_slice(answer).is_ok()),
            Digest::Sha1 => Hmac::<sha1::Sha1>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(challenge).verify_slice(answer).is_ok()),
            Digest::Sha256 => Hmac::<sha2::Sha256>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(challenge).verify_slice(answer).is_ok()),
        }
    }
}

/// A key to check answers with.
#[derive(Clone)]
pub struct Key {
    /// The digest of the HMAC.
    pub digest: Digest,
    octets: Vec<u8>,
}

impl Key {
    /// A key for this digest.
    pub fn new(digest: Digest, octets: Vec<u8>) -> Key {
        Key { digest, octets }
    }
}

impl std::fmt::Debug for Key {
    /// Never shows the key itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, …)", self.digest.name())
    }
}

/// How the client proved itself, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The answer is the digest under the key.
    Correct,
    /// The answer has the right length and is not the digest under the key.
    WrongKey,
    /// The answer is not as long as the digest.
    WrongLength,
    /// The client spoke before it could have heard the challenge, or as if it had not.
    SpokeOutOfTurn,
    /// The client said nothing.
    NoAnswer,
    /// It looks like challenge and response; no key was given to check it.
    NotChecked,
}

/// Challenge and response of one conversation.
#[derive(Clone, Debug, Serialize)]
pub struct Authentication {
    /// The connection.
    pub connection: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// Octets of the challenge.
    pub challenge_len: usize,
    /// Octets of the answer.
    pub answer_len: usize,
    /// An earlier connection in which the same challenge was sent: an answer heard there can be replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed_from: Option<u64>,
    /// What can be said of it.
    pub statements: Vec<Statement>,
    #[serde(skip)]
    challenge: Vec<u8>,
}

/// Looks for a challenge and its response. Without a key the challenge must look random and the answer must be as long as
/// a digest, or the client must have been turned away.
pub fn examine(conversation: &Conversation, key: Option<&Key>) -> Option<Authentication> {
    let turns = conversation.turns();
    let challenge = turns.iter().find(|turn| turn.side == Side::Responder)?;
    let answer = turns.iter().find(|turn| turn.side == Side::Initiator);
    let responder = conversation.flow(Side::Responder);
    // The first segment alone: what follows in the same turn is already something else.
    let first = responder.segments.first()?;
    let whole = first.range();
    if !responder.is_whole(&whole) || whole.start != 0 {
        return None;
    }
    let octets = &responder.octets[whole.clone()];
    let answer_range = answer.map(|turn| first_segment(conversation, turn));
    let answer_len = answer_range.as_ref().map_or(0, std::ops::Range::len);
    let spoke_first = answer.is_some_and(|turn| spoke_unheard(conversation, turn));
    let refused = was_turned_away(conversation);
    let answer_fits = matches!(answer_len, 16 | 20 | 28 | 32 | 48 | 64);
    let speaks_first = turns.first().is_some_and(|turn| turn.side == Side::Responder) || spoke_first;
    if !speaks_first
        || !(8..=256).contains(&octets.len())
        || (key.is_none() && !(looks_random(octets) && (answer_fits || refused)))
    {
        return None;
    }
    let initiator = conversation.flow(Side::Initiator);
    let answer_octets =
        answer_range.clone().filter(|range| initiator.is_whole(range)).map(|range| &initiator.octets[range]);
    let verdict = match (answer_octets, key) {
        (None, _) => Verdict::NoAnswer,
        (Some(octets), Some(key)) if octets.len() == key.digest.len() => {
            if key.digest.verifies(&key.octets, &responder.octets[whole.clone()], octets) {
                Verdict::Correct
            } else {
                Verdict::WrongKey
            }
        }
        // What is no digest at all was not meant as an answer, even if the client's kernel had heard the challenge.
        (Some(_), _) if spoke_first || !answer_fits => Verdict::SpokeOutOfTurn,
        (Some(_), Some(_)) => Verdict::WrongLength,
        (Some(_), None) => Verdict::NotChecked,
    };
    let mut found = Authentication {
        connection: conversation.id,
        verdict,
        challenge_len: octets.len(),
        answer_len,
        replayed_from: None,
        statements: Vec::new(),
        challenge: octets.to_vec(),
    };
    tell(conversation, challenge, answer, key, &mut found);
    Some(found)
}

/// Marks conversations whose challenge was sent before in another one: whoever heard the answer there can replay it.
pub fn mark_replays(all: &mut [Authentication]) {
    for index in 1..all.len() {
        let (before, rest) = all.split_at_mut(index);
        let this = &mut rest[0];
        if let Some(first) = before.iter().find(|other| other.challenge == this.challenge) {
            this.replayed_from = Some(first.connection);
            this.statements.push(Statement::wire(format!(
                "the challenge is the same as in connection {}: an answer heard there can be replayed",
                first.connection
            )));
        }
    }
}

fn first_segment(conversation: &Conversation, turn: &Turn) -> std::ops::Range<usize> {
    let segments = conversation.flow(turn.side).segments_of(&turn.range);
    segments.first().map_or(turn.range.clone(), |segment| segment.range())
}

/// True if the client's first segment left before the client had acknowledged anything of the server.
fn spoke_unheard(conversation: &Conversation, answer: &Turn) -> bool {
    let heard = conversation.flow(Side::Responder).acknowledged_at(1);
    heard.is_none_or(|(packet, _)| packet > answer.packets.0)
}

/// True if the server closed or reset first, soon after the client's first words.
fn was_turned_away(conversation: &Conversation) -> bool {
    let (client, server) = (conversation.flow(Side::Initiator), conversation.flow(Side::Responder));
    let ended = server.fin.or(server.reset).map(|(packet, _)| packet);
    let client_ended = client.fin.map_or(u64::MAX, |(packet, _)| packet);
    server.segments.len() == 1 && ended.is_some_and(|packet| packet < client_ended)
}

/// Random octets: hardly any value twice, and not text.
fn looks_random(octets: &[u8]) -> bool {
    let mut seen = [false; 256];
    octets.iter().for_each(|octet| seen[usize::from(*octet)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    let text = octets.iter().filter(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace()).count();
    octets.len() >= 16 && distinct * 10 >= octets.len().min(128) * 7 && text * 10 < octets.len() * 8
}

fn tell(
    conversation: &Conversation,
    challenge: &Turn,
    answer: Option<&Turn>,
    key: Option<&Key>,
    found: &mut Authentication,
) {
    let said = &mut found.statements;
    let text = |side: Side, range: &std::ops::Range<usize>| preview(conversation.flow(side), range.start, range.end);
    said.push(Statement::wire(format!(
        "B sends {} octets that look random, packet {}: {}",
        found.challenge_len,
        challenge.packets.0,
        text(Side::Responder, &(0..found.challenge_len))
    )));
    if let Some(turn) = answer {
        let range = first_segment(conversation, turn);
        let after = turn.times.0.signed_since(challenge.times.0);
        let when = if after >= 0 {
            format!(", {}.{:03} ms later", after / 1_000_000, after / 1000 % 1000)
        } else {
            String::new()
        };
        said.push(Statement::wire(format!(
            "A sends {} octets, packet {}{when}: {}",
            range.len(),
            turn.packets.0,
            text(Side::Initiator, &range)
        )));
    }
    let as_long_as = match found.answer_len {
        16 => " (as long as an MD5 digest)",
        20 => " (as long as a SHA-1 digest)",
        32 => " (as long as a SHA-256 digest)",
        _ => "",
    };
    match found.verdict {
        Verdict::Correct => {
            said.push(Statement::implied(
                "the answer is the digest of the challenge under this key: the client knows the key",
            ));
        }
        Verdict::WrongKey => said.push(Statement::implied(
            "the answer has the right length and is not the digest under this key: the client has another key",
        )),
        Verdict::WrongLength => {
            let (expected, name) = key.map_or((0, ""), |key| (key.digest.len(), key.digest.name()));
            said.push(Statement::wire(format!("{expected} octets were expected ({name}), {} came", found.answer_len)));
        }
        Verdict::SpokeOutOfTurn => {
            let expected = key.map_or(String::new(), |key| format!(", where {} were expected", key.digest.len()));
            said.push(if answer.is_some_and(|turn| spoke_unheard(conversation, turn)) {
                Statement::wire(format!(
                    "A spoke before the challenge had reached it: {} octets{expected}",
                    found.answer_len
                ))
            } else {
                Statement::implied(format!(
                    "A spoke as if it knew of no challenge: {} octets, as long as no digest{expected}",
                    found.answer_len
                ))
            });
            said.push(Statement::implied(
                "B took them for the answer; A has the challenge in its buffer and may take it for a reply",
            ));
        }
        Verdict::NoAnswer => said.push(Statement::wire("A never answered")),
        Verdict::NotChecked => said.push(Statement::implied(format!(
            "this looks like challenge and response{as_long_as}; --hmac and --key-file check it"
        ))),
    }
    if was_turned_away(conversation) {
        said.push(Statement::wire("B ended the connection at once: the client was turned away"));
        let late = conversation.flow(Side::Initiator).segments.len() > 1;
        if late || conversation.flow(Side::Responder).reset.is_some() {
            said.push(Statement::implied(
                "what A sent after that met a closed socket: its program sees a reset or a broken pipe, not \"wrong key\"",
            ));
        }
    }
    if matches!(found.verdict, Verdict::Correct | Verdict::NotChecked) {
        said.push(Statement::implied(
            "only the client is proved, not the server; nothing after this is protected: a man in the middle can take over",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::messages::tests::dialogue;

    fn random(len: usize) -> Vec<u8> {
        let mut rng = crate::base::Rng::new(3);
        (0..len).map(|_| rng.next_u64() as u8).collect()
    }

    fn digest(challenge: &[u8]) -> Vec<u8> {
        let mac = Hmac::<md5::Md5>::new_from_slice(b"secret").expect("any length");
        mac.chain_update(challenge).finalize().into_bytes().to_vec()
    }

    fn key(secret: &[u8]) -> Key {
        Key::new(Digest::Md5, secret.to_vec())
    }

    #[test]
    fn rfc_2202_vectors_verify() {
        let unhex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect()
        };
        let data = b"what do ya want for nothing?";
        assert!(Digest::Md5.verifies(b"Jefe", data, &unhex("750c783e6ab0b503eaa86e310a5db738")));
        assert!(Digest::Sha1.verifies(b"Jefe", data, &unhex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")));
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(Digest::Sha256.verifies(b"Jefe", data, &unhex(sha256)));
        assert!(!Digest::Sha256.verifies(b"Jeff", data, &unhex(sha256)));
    }

    #[test]
    fn the_right_key_a_wrong_key_and_no_key_are_told_apart() {
        let challenge = random(32);
        let answer = digest(&challenge);
        let talk = dialogue(&[
            (Side::Responder, challenge.as_slice()),
            (Side::Initiator, &answer),
            (Side::Responder, b"welcome"),
        ]);
        let mut talk = talk;
        talk.flows[1].acknowledge_for_tests(32, 1, talk.first);
        assert_eq!(examine(&talk, Some(&key(b"secret"))).expect("a challenge").verdict, Verdict::Correct);
        assert_eq!(examine(&talk, Some(&key(b"other"))).expect("a challenge").verdict, Verdict::WrongKey);
        assert_eq!(examine(&talk, None).expect("a challenge").verdict, Verdict::NotChecked);
        assert!(!format!("{:?}", key(b"secret")).contains("secret"));
    }

    #[test]
    fn a_client_that_speaks_first_is_told_so() {
        let challenge = random(32);
        let talk = dialogue(&[(Side::Initiator, b"hello".as_slice()), (Side::Responder, &challenge)]);
        let found = examine(&talk, Some(&key(b"secret"))).expect("a challenge");
        assert_eq!((found.verdict, found.answer_len), (Verdict::SpokeOutOfTurn, 5));
    }

    #[test]
    fn a_repeated_challenge_is_a_finding() {
        let challenge = random(32);
        let answer = digest(&challenge);
        let mut talk = dialogue(&[(Side::Responder, challenge.as_slice()), (Side::Initiator, &answer)]);
        talk.flows[1].acknowledge_for_tests(32, 1, talk.first);
        let mut again = talk.clone();
        again.id = 7;
        let mut all = [examine(&talk, None).expect("a challenge"), examine(&again, None).expect("a challenge")];
        mark_replays(&mut all);
        assert_eq!((all[0].replayed_from, all[1].replayed_from), (None, Some(0)));
    }

    #[test]
    fn ordinary_dialogues_are_not_challenges() {
        let talk = dialogue(&[
            (Side::Responder, b"220 mail.example.com ready\r\n".as_slice()),
            (Side::Initiator, b"HELO example.\r\n."),
        ]);
        assert!(examine(&talk, None).is_none());
    }
}
