//! The table of TCP connections in the report.

use super::ladder::socket;
use super::number::{octets, span};
use super::style::Paint;
use super::table::Table;
use crate::analysis::tcp::ConnectionReport;
use crate::lang::{Lang, tell};

/// Appends the table, of which so many rows `more` are not there; with Zeek's letters if `with_zeek`.
pub fn table(
    connections: &[ConnectionReport],
    more: usize,
    with_zeek: bool,
    width: usize,
    paint: Paint,
    out: &mut Vec<u8>,
) {
    let mut headings = vec![">#", "initiator (A)", "responder (B)", ">A→B", ">B→A", ">rtt", "what happened"];
    if with_zeek {
        headings.splice(6..6, ["zeek", "history"]);
    }
    let mut table = Table::new(width, paint, &headings).whole(&[0, 1, 2, 3, 4, 5]);
    for connection in connections {
        table.row_with(|| row(connection, with_zeek, paint.lang()));
    }
    table.leave_out(more);
    table.write(out);
}

fn row(connection: &ConnectionReport, with_zeek: bool, lang: Lang) -> Vec<String> {
    let rtt = connection.opening.rtt_ns.or(connection.round_trip.map(|path| path.min_ns)).map_or(String::new(), span);
    let [a, b] = [&connection.initiator, &connection.responder];
    let guess = if connection.roles == "guessed" { "?" } else { "" };
    let mut row = vec![
        connection.id.to_string(),
        format!("{}{guess}", socket(a.address, a.port)),
        socket(b.address, b.port),
        octets(connection.stream_octets.initiator),
        octets(connection.stream_octets.responder),
        rtt,
    ];
    if with_zeek {
        row.push(connection.zeek.state.to_owned());
        row.push(connection.zeek.history.clone());
    }
    row.push(what_happened(connection, lang));
    row
}

/// How it began and ended, and what matters in between.
pub fn what_happened(connection: &ConnectionReport, lang: Lang) -> String {
    let begin = match connection.opening.kind {
        "three-way" => "",
        "simultaneous" => "opened simultaneously, ",
        "split" => "split handshake, ",
        "not-captured" => "begun before, ",
        "refused" => return lang.say("refused: nothing listens there").to_owned(),
        "rejected" => return tell!(lang, "rejected: {}", lang.say(connection.opening.rejected.unwrap_or("by ICMP"))),
        "unanswered" => return tell!(lang, "nobody answered ({}× SYN)", connection.opening.syns),
        "half-open" => return lang.say("half-open: never completed").to_owned(),
        "withdrawn" => return lang.say("withdrawn after the answer: a scan?").to_owned(),
        other => other,
    };
    let end = match (connection.closing.kind, connection.closing.first_by) {
        ("reset", Some("initiator")) => "reset by A",
        ("reset", _) => "reset by B",
        ("simultaneous", _) => "both closed at once",
        ("one-sided", Some("initiator")) => "A closed its half",
        ("one-sided", _) => "B closed its half",
        ("open", _) => "still open",
        (_, Some("initiator")) => "closed by A",
        _ => "closed by B, which keeps TIME-WAIT",
    };
    let verdict = verdict(connection, lang);
    let separator = if verdict.is_empty() { "" } else { lang.say("; ") };
    format!("{}{}{separator}{verdict}", lang.say(begin), lang.say(end))
}

/// What went wrong, in a few words; nothing if nothing did.
pub fn verdict(connection: &ConnectionReport, lang: Lang) -> String {
    let mut parts: Vec<String> = Vec::new();
    let repairs = connection.repairs.both();
    let sum = |pick: fn(&crate::analysis::tcp::RepairReport) -> u64| repairs.iter().map(|side| pick(side)).sum::<u64>();
    let mut tell = |count: u64, one: &str, many: &str| {
        if count > 0 {
            parts.push(tell!(lang, "{} {}", count, lang.say(if count == 1 { one } else { many })));
        }
    };
    tell(sum(|side| side.retransmitted_segments), "segment sent again", "segments sent again");
    tell(sum(|side| side.timeouts), "timeout", "timeouts");
    tell(sum(|side| side.unneeded_segments), "unneeded", "unneeded");
    tell(sum(|side| side.out_of_order), "out of order", "out of order");
    tell(connection.windows.both().iter().map(|side| side.zero_windows).sum(), "closed window", "closed windows");
    let unseen = sum(|side| side.delivered_unseen_octets);
    if unseen > 0 {
        parts.push(tell!(lang, "{} not captured", octets(unseen)));
    }
    let missing = sum(|side| side.missing_octets);
    if missing > 0 {
        parts.push(tell!(lang, "{} missing", octets(missing)));
    }
    if connection.is_one_sided {
        parts.push(lang.say("one direction only").to_owned());
    }
    lang.list(&parts)
}
