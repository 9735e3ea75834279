//! The messages of a connection for people: segments, framing, who joined what, and what `recv` can return.

use super::ladder::wrap;
use super::number::{octets, span};
use super::page::pad;
use super::style::{DIM, HEADING, Paint};
use super::table::Table;
use crate::analysis::messages::datagrams::UdpTalk;
use crate::analysis::messages::recv::{Prediction, Returned};
use crate::analysis::messages::report::{ConnectionMessages, Direction, FramingReport};
use crate::analysis::messages::servers::{SerialServer, Stall};
use crate::analysis::messages::{Statement, Tag};
use crate::lang::{Lang, tell};

/// Rows of segments and messages that are shown.
const ROWS: usize = 24;
/// Series of `recv` results that are shown.
const OUTCOMES: usize = 12;

/// A page about messages.
#[derive(Debug)]
pub struct Page<'a> {
    /// Columns to fill.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
    /// Where the page goes.
    pub out: &'a mut Vec<u8>,
}

impl Page<'_> {
    fn lang(&self) -> Lang {
        self.paint.lang()
    }

    /// Everything about one connection. `octets_of` gives the preview of a range of a direction's stream.
    pub fn connection(&mut self, found: &ConnectionMessages, octets_of: &dyn Fn(char, usize, usize) -> String) {
        let lang = self.lang();
        self.heading(&tell!(lang, "Connection {}   A {}  ↔  B {}", found.connection, found.initiator, found.responder));
        for direction in &found.directions {
            self.direction(direction, octets_of);
        }
        if !found.lockstep.is_empty() {
            self.heading(lang.say("Framing by dialogue"));
            self.statements(&found.lockstep);
        }
        if let Some(authentication) = &found.authentication {
            self.heading(lang.say("Challenge and response"));
            self.statements(&authentication.statements);
        }
        if let Some(stall) = &found.stall {
            self.heading(lang.say("Both sides wait"));
            self.stall(stall);
        }
    }

    fn direction(&mut self, direction: &Direction, octets_of: &dyn Fn(char, usize, usize) -> String) {
        let lang = self.lang();
        let (from, to) = if direction.sender == 'A' { ('A', 'B') } else { ('B', 'A') };
        if direction.octets == 0 {
            self.heading(&tell!(lang, "{} → {}   nothing was sent", from, to));
            return;
        }
        let lost = match direction.not_captured {
            0 => String::new(),
            count => tell!(lang, ", {} of them not captured", count),
        };
        self.heading(&tell!(
            lang,
            "{} → {}   {} in {}{}, then {}",
            from,
            to,
            lang.count(direction.octets as u64, "octet"),
            lang.count(direction.segment_count as u64, "segment"),
            lost,
            lang.say(match direction.flow_end {
                "FIN" => "a FIN",
                "reset" => "a reset",
                _ => "no end in this capture",
            })
        ));
        self.segments(direction);
        if let Some(framing) = &direction.framing {
            self.framing(framing);
        }
        self.sub(lang.say("Where were messages joined?"));
        self.statements(&direction.joined);
        if let Some(prediction) = &direction.recv {
            self.recv(prediction, &|start, len| octets_of(direction.sender, start, start + len));
        }
    }

    fn segments(&mut self, direction: &Direction) {
        let lang = self.lang();
        let mut table =
            Table::new(self.width, self.paint, &[">packet", ">after", ">octets", ">unacked before", "first octets"])
                .at_most(ROWS);
        for segment in &direction.segments {
            table.row([
                segment.packet.to_string(),
                span(segment.after_ns),
                segment.len.to_string(),
                segment.outstanding.to_string(),
                lang.retell(&segment.preview).into_owned(),
            ]);
        }
        table.write(self.out);
    }

    fn framing(&mut self, framing: &FramingReport) {
        let lang = self.lang();
        let how = lang.say(if framing.found { "found" } else { "as you said" });
        self.sub(&tell!(lang, "Framing ({}): {}", how, framing.spec));
        if framing.count > 0 || !framing.found {
            self.line(&tell!(
                lang,
                "  {}, {} % of the octets; {}, {} with more than one message",
                lang.count(framing.count as u64, "whole message"),
                format_args!("{:.1}", framing.fit_percent),
                lang.count(framing.split_headers as u64, "split header"),
                lang.count(framing.glued_segments as u64, "segment")
            ));
        }
        for (spec, percent) in &framing.rivals {
            self.line(&tell!(lang, "  rival: {} would explain {} %", spec, format_args!("{:.1}", percent)));
        }
        if !framing.messages.is_empty() {
            let headings = [">#", "packets", "header", ">body", "first octets", "remarks"];
            let mut table = Table::new(self.width, self.paint, &headings).at_most(ROWS);
            for message in &framing.messages {
                table.row([
                    message.number.to_string(),
                    packet_list(&message.packets),
                    if message.header_len == 0 { String::new() } else { message.header.clone() },
                    message.body_len.to_string(),
                    message.body.clone(),
                    lang.series(&message.remarks.iter().map(|remark| lang.retell(remark)).collect::<Vec<_>>()),
                ]);
            }
            table.write(self.out);
        }
        self.statements(&framing.statements);
    }

    fn recv(&mut self, prediction: &Prediction, text: &dyn Fn(usize, usize) -> String) {
        let lang = self.lang();
        let calls: Vec<_> = prediction.sizes.iter().map(|size| format!("recv({size})")).collect();
        self.sub(&tell!(lang, "What {} can return", calls.join(", ")));
        let word = |returned: &Returned| match returned {
            Returned::Octets(start, len) => format!("{} ({len})", text(*start, *len)),
            Returned::Nothing => lang.say("b'' (closed)").to_owned(),
            Returned::Waits => lang.say("waits").to_owned(),
            Returned::ConnectionReset => "ECONNRESET".to_owned(),
        };
        match &prediction.outcomes {
            Some(outcomes) if outcomes.len() == 1 => {
                for series in outcomes {
                    let results: Vec<_> = series.iter().map(word).collect();
                    self.line(&tell!(lang, "  certainly   {}", results.join(lang.say("  then  "))));
                }
            }
            Some(outcomes) if outcomes.len() <= OUTCOMES => {
                for (index, series) in outcomes.iter().enumerate() {
                    let results: Vec<_> = series.iter().map(word).collect();
                    let lead = pad(lang.say(if index == 0 { "either" } else { "or" }), 10);
                    self.line(&format!("  {lead}  {}", results.join(lang.say("  then  "))));
                }
                self.line(lang.say("  and nothing else: which of them depends on when the program calls"));
            }
            _ => {
                for (index, results) in prediction.calls.iter().enumerate() {
                    let certainty = lang.say(if prediction.is_certain(index) { "certainly" } else { "one of" });
                    let shown: Vec<_> = results.iter().take(OUTCOMES).map(word).collect();
                    let more = results.len().saturating_sub(OUTCOMES);
                    let more = if more > 0 { tell!(lang, ", … {} more", more) } else { String::new() };
                    self.line(&format!("  {}  {certainty}  {}{more}", calls[index], shown.join(", ")));
                }
            }
        }
    }

    fn stall(&mut self, stall: &Stall) {
        let lang = self.lang();
        let (spoke, turn) = if stall.initiator_spoke_last { ('A', 'B') } else { ('B', 'A') };
        let end =
            lang.say(if stall.was_closed { "until the connection was closed" } else { "until the end of the capture" });
        self.statements(&[
            Statement::wire(tell!(lang, "nothing was sent for {} {}, and nothing was outstanding: {} spoke last, it is {}'s turn", span(stall.for_ns), end, spoke, turn)),
            Statement::possible(
                "if both programs wait in recv, one of them sent an empty message, which puts nothing on the wire, or expects more octets \
                 than were sent",
            ),
        ]);
    }

    /// Servers that serve one client at a time.
    pub fn servers(&mut self, servers: &[SerialServer]) {
        let lang = self.lang();
        for server in servers {
            self.heading(&tell!(lang, "Server {} serves one client at a time", server.server));
            for wait in server.waits.iter().take(ROWS) {
                self.statements(&[Statement::wire(tell!(
                    lang,
                    "connection {} waited {} for its first answer; it came right after connection {} was closed",
                    wait.connection,
                    span(wait.waited_ns),
                    wait.behind
                ))]);
            }
            self.statements(&[Statement::implied(
                "the handshakes were completed by the kernel (the backlog of listen); the program accepts the next client only when it is \
                 done with the one before",
            )]);
        }
    }

    /// A table of the connections and talks of a capture.
    pub fn overview(&mut self, connections: &[ConnectionMessages], talks: &[UdpTalk]) {
        let lang = self.lang();
        if !connections.is_empty() {
            self.heading(lang.say("TCP connections"));
            let headings = [">id", "A", "B", ">A → B", ">B → A", "framing A → B", "framing B → A"];
            let mut table = Table::new(self.width, self.paint, &headings);
            for connection in connections {
                let framing = |index: usize| {
                    let direction = &connection.directions[index];
                    match &direction.framing {
                        Some(framing) => framing.spec.clone(),
                        None if !connection.lockstep.is_empty() => lang.say("lockstep digits").to_owned(),
                        None if direction.octets == 0 => String::new(),
                        None => lang.say("unknown").to_owned(),
                    }
                };
                table.row([
                    connection.connection.to_string(),
                    connection.initiator.to_string(),
                    connection.responder.to_string(),
                    octets(connection.directions[0].octets as u64),
                    octets(connection.directions[1].octets as u64),
                    framing(0),
                    framing(1),
                ]);
            }
            table.write(self.out);
            self.line(lang.say("netlab messages FILE --connection ID shows one of them"));
        }
        if !talks.is_empty() {
            self.heading(lang.say("UDP: one datagram is one message"));
            let mut table =
                Table::new(self.width, self.paint, &[">talk", "A", "B", ">datagrams", ">empty", ">largest"]);
            for (index, talk) in talks.iter().enumerate() {
                let empty = talk.datagrams.iter().filter(|datagram| datagram.len == 0).count();
                let largest = talk.datagrams.iter().map(|datagram| datagram.len).max().unwrap_or(0);
                table.row([
                    index.to_string(),
                    talk.first.to_string(),
                    talk.second.to_string(),
                    talk.count.to_string(),
                    empty.to_string(),
                    largest.to_string(),
                ]);
            }
            table.write(self.out);
            self.line(lang.say("netlab messages FILE --udp TALK shows one of them"));
        }
    }

    /// The datagrams of a talk.
    pub fn talk(&mut self, talk: &UdpTalk, sizes: &[usize]) {
        let lang = self.lang();
        self.heading(&tell!(lang, "UDP   A {}  ↔  B {}", talk.first, talk.second));
        let mut table = Table::new(self.width, self.paint, &[">packet", "direction", ">octets", ""]).at_most(ROWS);
        for datagram in &talk.datagrams {
            table.row([
                datagram.packet.to_string(),
                if datagram.from_first { "A → B".to_owned() } else { "B → A".to_owned() },
                datagram.len.to_string(),
                if datagram.was_fragmented { lang.say("in fragments").to_owned() } else { String::new() },
            ]);
        }
        table.write(self.out);
        self.statements(&talk.statements(sizes));
    }

    fn statements(&mut self, statements: &[Statement]) {
        let lang = self.lang();
        for statement in statements {
            let tag = match statement.tag {
                Tag::Wire => "[wire]",
                Tag::Implied => "[implied]",
                Tag::Possible => "[possible]",
            };
            let lead = self.paint.text(&pad(lang.say(tag), 10), DIM);
            for (index, line) in
                wrap(&lang.retell(&statement.text), self.width.saturating_sub(13).max(30)).iter().enumerate()
            {
                let lead = if index == 0 { lead.as_str() } else { "          " };
                self.line(&format!("  {lead} {line}"));
            }
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
        self.sub(text);
    }

    fn sub(&mut self, text: &str) {
        self.paint.begin(self.out, HEADING);
        self.out.extend_from_slice(text.as_bytes());
        self.paint.end(self.out);
        self.out.push(b'\n');
    }

    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }
}

fn packet_list(packets: &[u64]) -> String {
    match packets {
        [] => String::new(),
        [one] => one.to_string(),
        [first, .., last] if packets.len() > 3 => format!("{first}–{last} ({})", packets.len()),
        few => few.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
    }
}
