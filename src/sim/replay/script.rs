//! Scripts as programs of the simulated hosts: socket calls in the language of scenarios (R9).

use std::fmt::Write as _;
use std::net::IpAddr;

use super::talk::{Deed, Side, Talk};
use crate::base::Timestamp;

/// The lines by which one side of a TCP connection plays its part; `socket` is the variable with the open socket.
pub(super) fn tcp_part(talk: &Talk, side: Side, socket: &str, indent: &str) -> String {
    let mut text = String::new();
    let rtt = talk.follower.rtt[side.index()];
    let mut unread = 0u64;
    let mut other_closed = false;
    let opened = talk.follower.opened.unwrap_or(talk.first_at);
    // The responder learns of the open connection half a round trip after it passed here; its answer takes as long.
    let (mut own_last, mut other_last) = (Some(opened), None);
    if side == Side::Responder {
        (own_last, other_last) = (None, Some(opened));
    }
    let mut closed = false;
    for turn in &talk.turns {
        if turn.by != side {
            match turn.deed {
                Deed::Say(octets) => unread += octets,
                Deed::Close => other_closed = true,
                Deed::Reset => {}
            }
            other_last = Some(turn.at);
            continue;
        }
        read(&mut text, socket, indent, &mut unread, &mut other_closed);
        // The last thing before this one decides: an answer waits for what it answers, else the pause is one's own.
        let think = match (own_last, other_last) {
            (own, Some(other)) if own.is_none_or(|own| other >= own) => turn.at.nanos_since(other).saturating_sub(rtt),
            (Some(own), _) => turn.at.nanos_since(own),
            (None, _) => 0,
        };
        if think > 0 {
            let _ = writeln!(text, "{indent}sleep({think}ns)");
        }
        match turn.deed {
            Deed::Say(octets) => {
                let _ = writeln!(text, "{indent}{socket}.sendall(repeat(\"x\", {octets}))");
            }
            Deed::Close => {
                closed = true;
                let _ = writeln!(text, "{indent}{socket}.shutdown(SHUT_WR)");
            }
            Deed::Reset => {
                let _ = writeln!(text, "{indent}{socket}.setsockopt(SO_LINGER, 0)\n{indent}{socket}.close()");
                return text;
            }
        }
        own_last = Some(turn.at);
    }
    read(&mut text, socket, indent, &mut unread, &mut other_closed);
    let both = talk.turns.iter().filter(|turn| turn.deed == Deed::Close).count() == 2;
    if closed && both {
        let _ = writeln!(text, "{indent}{socket}.close()");
    } else {
        // The capture ends before the connection does, or the other side resets it: the program waits for ever, for a
        // datagram that nobody sends, as its end would close the socket.
        text.push_str(&format!("{indent}never = socket(udp)\n{indent}data, from = never.recvfrom(1)\n"));
    }
    text
}

fn read(text: &mut String, socket: &str, indent: &str, unread: &mut u64, other_closed: &mut bool) {
    if *unread > 0 {
        let _ = writeln!(text, "{indent}data = {socket}.recv_exactly({unread})");
        *unread = 0;
    }
    if *other_closed {
        let _ = writeln!(text, "{indent}end = {socket}.recv(1)");
        *other_closed = false;
    }
}

/// The program of who opens a TCP connection.
pub(super) fn client(talk: &Talk, server: IpAddr) -> String {
    let [own, other] = [talk.ends[0].port(), talk.ends[1].port()];
    let mut text = format!(
        "s = socket(tcp)\ns.setsockopt(SO_REUSEADDR, 1)\ns.setsockopt(TCP_NODELAY, 1)\ns.bind(\"\", {own})\n\
         s.connect(\"{server}\", {other})\n"
    );
    text.push_str(&tcp_part(talk, Side::Initiator, "s", ""));
    text
}

/// The program of who is called at one port: connections are taken in the order in which they were opened.
pub(super) fn server(port: u16, talks: &[&Talk]) -> String {
    let mut text = format!(
        "s = socket(tcp)\ns.setsockopt(SO_REUSEADDR, 1)\ns.setsockopt(TCP_NODELAY, 1)\ns.bind(\"\", {port})\n\
         s.listen({})\n",
        talks.len().clamp(1, 4096)
    );
    for talk in talks {
        text.push_str("c = s.accept()\nthread:\n");
        text.push_str(&tcp_part(talk, Side::Responder, "c", "    "));
    }
    text.push_str("c = s.accept()\n");
    text
}

/// The program of one UDP port: datagrams of all its conversations in the order of the capture.
pub(super) fn udp(port: u16, parts: &[(&Talk, Side, IpAddr)]) -> String {
    let mut text = format!("s = socket(udp)\ns.bind(\"\", {port})\n");
    let mut turns = Vec::new();
    for (index, (talk, side, peer)) in parts.iter().enumerate() {
        for turn in &talk.turns {
            turns.push((turn.at, index, *talk, *side, *peer, *turn));
        }
    }
    turns.sort_by_key(|(at, index, ..)| (*at, *index));
    let mut last: Option<(Timestamp, u64)> = None;
    let mut heard = vec![false; parts.len()];
    for (at, index, talk, side, peer, turn) in turns {
        let Deed::Say(octets) = turn.deed else { continue };
        if turn.by != side {
            let _ = writeln!(text, "data, from{index} = s.recvfrom(65535)");
            heard[index] = true;
            last = Some((at, talk.follower.rtt[side.index()]));
            continue;
        }
        let think = last.map_or(0, |(last, rtt)| at.nanos_since(last).saturating_sub(rtt));
        if think > 0 {
            let _ = writeln!(text, "sleep({think}ns)");
        }
        let payload = format!("repeat(\"x\", {octets})");
        if heard[index] {
            let _ = writeln!(text, "s.sendto({payload}, from{index})");
        } else {
            let _ = writeln!(text, "s.sendto({payload}, \"{peer}\", {})", talk.ends[side.other().index()].port());
        }
        last = Some((at, 0));
    }
    text
}
