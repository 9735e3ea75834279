//! `netlab messages FILE`: where messages begin and end in a stream, and who glued or split them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::inputs::{self, Inputs};
use super::{Failure, Output};
use crate::analysis::messages::auth::{self, Digest, Key};
use crate::analysis::messages::datagrams::{UdpTalk, UdpTalks};
use crate::analysis::messages::framing::Framing;
use crate::analysis::messages::joined::preview;
use crate::analysis::messages::report::{self, ConnectionMessages, Questions};
use crate::analysis::messages::servers::{Lives, SerialServer};
use crate::analysis::messages::stream::{Conversation, Side};
use crate::analysis::{Analyzer, Judged};
use crate::base::limits::{MAX_LIVES, MAX_STREAM_OCTETS};
use crate::pipeline::{self, Patience, Sink};
use crate::render::messages::Page;

/// Arguments of `messages`.
#[derive(Debug, Args)]
#[command(
    after_help = "Framings, in one line:\n  u32le len; body[len]\n  u32be len; body[len-4]\n  u32le h; json[h]{n=.data_size}; body[n]\n  body until \"\\r\\n\"\n\nExamples:\n  netlab messages sticky.pcapng --connection 0 --recv 10,10\n  netlab messages auth.pcapng --hmac md5 --key-file key.txt"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input), then a filter in tcpdump's language
    #[arg(required = true, value_name = "FILE [FILTER]")]
    words: Vec<String>,
    /// The TCP connection, by its number; without it all are listed
    #[arg(short, long, value_name = "N")]
    connection: Option<u64>,
    /// The UDP talk, by its number in the list
    #[arg(long, value_name = "N", conflicts_with = "connection")]
    udp: Option<usize>,
    /// Sizes of recv calls, one after another: 2,10; the last is repeated with a star: 1024*
    #[arg(long, value_name = "SIZES")]
    recv: Option<String>,
    /// How messages are told apart; without it netlab looks for it
    #[arg(long, value_name = "SPEC")]
    framing: Option<String>,
    /// Check a challenge-response made with this digest
    #[arg(long, value_enum, value_name = "DIGEST", requires = "key_file")]
    hmac: Option<DigestChoice>,
    /// The file that holds the key: all its octets, but for one line end at its end
    #[arg(long, value_name = "FILE", requires = "hmac")]
    key_file: Option<std::path::PathBuf>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Digests of a challenge-response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum DigestChoice {
    Md5,
    Sha1,
    Sha256,
}

/// Calls of a repeated `recv` that are looked at.
const MAX_REPEATED: usize = 16;

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let questions = questions(arguments)?;
    let inputs = Inputs::split(&arguments.words);
    let mut source = inputs.open_watched(output)?;
    let mut analyzer = Analyzer::new();
    let mut streams = Streams { only: arguments.connection, ..Streams::default() };
    let result = pipeline::run(&mut source, None, &mut analyzer, &mut streams, Patience::Hold);
    let stalls = streams.lives.stalls();
    let mut connections: Vec<ConnectionMessages> = streams
        .conversations
        .values()
        .map(|conversation| {
            let stall = stalls.iter().find(|stall| stall.connection == conversation.id).copied();
            report::examine(conversation, &questions, stall)
        })
        .collect();
    mark_replays(&mut connections);
    let servers = streams.lives.serial_servers();
    if let Some(wanted) = arguments.connection
        && connections.is_empty()
    {
        let count = streams.lives.len();
        return Err(Failure::CouldNot(format!(
            "there is no connection {wanted}: the capture holds {count}, counted from 0"
        )));
    }
    let talk = match arguments.udp {
        Some(index) => Some(streams.talks.talks().get(index).ok_or_else(|| {
            let count = streams.talks.talks().len();
            Failure::CouldNot(format!("there is no UDP talk {index}: the capture holds {count}, counted from 0"))
        })?),
        None => None,
    };
    if arguments.json {
        json(&connections, &servers, streams.talks.talks(), output)?;
    } else {
        let (width, paint) = (output.width(), output.paint());
        let mut page = Page { width, paint, out: output.block() };
        if let Some(talk) = talk {
            page.talk(talk, &questions.recv);
        } else if arguments.connection.is_some() || connections.len() == 1 && streams.talks.talks().is_empty() {
            for found in &connections {
                let conversation = &streams.conversations[&found.connection];
                page.connection(found, &|sender, start, end| {
                    let side = if sender == 'A' { Side::Initiator } else { Side::Responder };
                    preview(conversation.flow(side), start, end)
                });
            }
            page.servers(&servers);
        } else {
            page.overview(&connections, streams.talks.talks());
            page.servers(&servers);
        }
    }
    output.flush()?;
    if streams.left_out {
        output.complain("more octets or connections than netlab keeps: name one connection, or filter");
    }
    inputs::ended(result, &source.captures())
}

fn questions(arguments: &Arguments) -> Result<Questions, Failure> {
    let framing = match &arguments.framing {
        None => None,
        Some(spec) => Some(spec.parse::<Framing>().map_err(|error| {
            let spec = crate::base::text::harmless(spec);
            let caret = spec.get(..error.at).map_or(error.at, |before| before.chars().count());
            Failure::Usage(format!(
                "the framing cannot be read: {}\n  {spec}\n  {}^",
                error.expected,
                " ".repeat(caret)
            ))
        })?),
    };
    let recv = arguments.recv.as_deref().map_or(Ok(Vec::new()), sizes)?;
    let key = match (arguments.hmac, &arguments.key_file) {
        (Some(digest), Some(path)) => {
            let mut octets = std::fs::read(path)
                .map_err(|error| Failure::CouldNot(format!("cannot read the key {}: {error}", path.display())))?;
            if octets.ends_with(b"\n") {
                octets.truncate(octets.len() - if octets.ends_with(b"\r\n") { 2 } else { 1 });
            }
            let digest = match digest {
                DigestChoice::Md5 => Digest::Md5,
                DigestChoice::Sha1 => Digest::Sha1,
                DigestChoice::Sha256 => Digest::Sha256,
            };
            Some(Key::new(digest, octets))
        }
        _ => None,
    };
    Ok(Questions { framing, recv, key })
}

/// Reads `2,10` and `2,1024*`.
fn sizes(text: &str) -> Result<Vec<usize>, Failure> {
    let mut sizes = Vec::new();
    for part in text.split(',') {
        let (number, is_repeated) = part.strip_suffix('*').map_or((part, false), |number| (number, true));
        let size = number.trim().parse().map_err(|_| {
            let part = crate::base::text::harmless(part).into_owned();
            Failure::Usage(format!("'{part}' is not a size for recv: whole numbers are needed, as in --recv 2,10"))
        })?;
        sizes.push(size);
        if is_repeated {
            sizes.resize(sizes.len() + MAX_REPEATED - 1, size);
        }
    }
    Ok(sizes)
}

fn mark_replays(connections: &mut [ConnectionMessages]) {
    let mut found: Vec<_> = connections.iter_mut().filter_map(|connection| connection.authentication.take()).collect();
    auth::mark_replays(&mut found);
    for authentication in found {
        if let Some(connection) = connections.iter_mut().find(|one| one.connection == authentication.connection) {
            connection.authentication = Some(authentication);
        }
    }
}

fn json(
    connections: &[ConnectionMessages],
    servers: &[SerialServer],
    talks: &[UdpTalk],
    output: &mut Output,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        netlab: &'static str,
        version: u32,
        connections: &'a [ConnectionMessages],
        servers: &'a [SerialServer],
        udp: &'a [UdpTalk],
    }
    let document = Document { netlab: "messages", version: 1, connections, servers, udp: talks };
    crate::render::json::document(&document, output)
}

/// Collects the streams of connections.
#[derive(Debug, Default)]
struct Streams {
    only: Option<u64>,
    conversations: BTreeMap<u64, Conversation>,
    lives: Lives,
    talks: UdpTalks,
    octets: usize,
    left_out: bool,
}

impl Sink for Streams {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.lives.observe(judged);
        self.talks.observe(judged);
        let Some(id) = judged.context.connection.filter(|id| self.only.is_none_or(|only| only == *id)) else {
            return Ok(ControlFlow::Continue(()));
        };
        if self.octets > MAX_STREAM_OCTETS
            || (self.conversations.len() >= MAX_LIVES && !self.conversations.contains_key(&id))
        {
            self.left_out = true;
            return Ok(ControlFlow::Continue(()));
        }
        if !self.conversations.contains_key(&id)
            && let Some(conversation) = Conversation::begin(id, judged)
        {
            self.conversations.insert(id, conversation);
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            let before: usize = conversation.flows.iter().map(|flow| flow.octets.len()).sum();
            conversation.observe(judged);
            let after: usize = conversation.flows.iter().map(|flow| flow.octets.len()).sum();
            self.octets += after - before;
        }
        Ok(ControlFlow::Continue(()))
    }
}
