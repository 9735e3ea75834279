//! The picture of a screen: from 80 columns and 24 rows upwards, and not useless below.

use std::net::{IpAddr, SocketAddr};

use anstyle::{AnsiColor, Effects};
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Sparkline, Wrap};
use unicode_width::UnicodeWidthStr as _;

use super::conversations::Conversation;
use super::feed::Seen;
use super::help::HELP;
use super::screen::{Bottom, Pane, Screen};
use crate::analysis::{Note, Severity};
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::render::style::{self, Paint};
use crate::render::text::{Detail, Party, description, party};
use crate::render::time::{Clock, TimeStyle};
use crate::render::{explain, hex, number, tree, words};

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
/// Rows of the head: one of words, two of bars.
const HEAD: u16 = 3;
/// Columns of the words beside the bars.
const RATES: u16 = 34;

/// Draws the screen.
pub(super) fn draw(screen: &mut Screen, frame: &mut Frame<'_>) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(HEAD), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    draw_head(screen, frame, head);
    if screen.shows_help {
        draw_help(screen.lang, frame, body);
    } else if screen.is_open {
        draw_open(screen, frame, body);
    } else {
        let [conversations, findings, packets] =
            Layout::vertical([Constraint::Percentage(35), Constraint::Percentage(22), Constraint::Fill(1)]).areas(body);
        draw_conversations(screen, frame, conversations);
        draw_findings(screen, frame, findings);
        draw_packets(screen, frame, packets);
    }
    draw_foot(screen, frame, foot);
}

fn draw_head(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let (feed, lang) = (screen.feed(), screen.lang);
    let mut left = vec![
        Span::styled(format!(" {} ", harmless(&screen.title)), BOLD.add_modifier(Modifier::REVERSED)),
        Span::raw(format!("  {}  {}", lang.count(feed.count, "packet"), number::octets(feed.octets))),
    ];
    if feed.dropped > 0 {
        left.push(Span::styled(tell!(lang, "  {} dropped by kernel", feed.dropped), severity(Severity::Error)));
    }
    if let Some(filter) = screen.filter() {
        left.push(Span::raw(lang.say("  shown: ")));
        left.push(Span::styled(harmless(filter).into_owned(), severity(Severity::Note)));
    }
    let state = match (&screen.ended, screen.is_paused()) {
        (Some(_), _) => Span::styled(lang.say(" ENDED "), severity(Severity::Error).add_modifier(Modifier::REVERSED)),
        (None, true) => {
            let text = tell!(lang, " PAUSED, {} more came ", screen.waiting());
            Span::styled(text, severity(Severity::Warning).add_modifier(Modifier::REVERSED))
        }
        (None, false) => Span::styled(lang.say(" live "), severity(Severity::Chat)),
    };
    let [words, bars] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let [left_area, right_area] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(state.width() as u16)]).areas(words);
    frame.render_widget(Line::from(left), left_area);
    frame.render_widget(Line::from(state), right_area);

    let [words, bars] = Layout::horizontal([Constraint::Length(RATES), Constraint::Fill(1)]).areas(bars);
    let (packets, octets) = feed.rates.now();
    let rows: Vec<u64> = feed.rates.packets().rev().skip(1).take(usize::from(bars.width)).collect();
    let most = rows.iter().max().copied().unwrap_or(0);
    let lines = vec![
        Line::from(vec![
            Span::styled(format!("{packets:>8}"), BOLD),
            Span::raw(lang.say(" packets/s   ")),
            bits(octets),
        ]),
        Line::styled(tell!(lang, "{} at most in {} s", format_args!("{most:>8}"), rows.len()), DIM),
    ];
    frame.render_widget(Paragraph::new(lines), words);
    // The newest second stands at the right.
    let mut data: Vec<u64> = vec![0; usize::from(bars.width).saturating_sub(rows.len())];
    data.extend(rows.iter().rev());
    frame.render_widget(Sparkline::default().data(data).style(severity(Severity::Chat)), bars);
}

/// Octets of a second as bits a second.
fn bits(octets: u64) -> Span<'static> {
    let bits = octets.saturating_mul(8);
    let text = match bits {
        0..1_000 => format!("{bits} bit/s"),
        1_000..1_000_000 => format!("{:.1} kbit/s", bits as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} Mbit/s", bits as f64 / 1e6),
        _ => format!("{:.2} Gbit/s", bits as f64 / 1e9),
    };
    Span::raw(text)
}

fn draw_foot(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let line = match &screen.bottom {
        Bottom::Filter(text) => {
            // The end of a long filter is where one types.
            let room = usize::from(area.width).saturating_sub(3);
            let skipped = text.chars().count().saturating_sub(room);
            let tail: String = text.chars().skip(skipped).collect();
            Line::from(vec![
                Span::styled("/", BOLD),
                Span::raw(harmless(&tail).into_owned()),
                Span::styled(" ", SELECTED),
            ])
        }
        Bottom::Message(text, true) => Line::styled(harmless(text).into_owned(), severity(Severity::Error)),
        Bottom::Message(text, false) => Line::styled(harmless(text).into_owned(), severity(Severity::Warning)),
        Bottom::Keys => match &screen.ended {
            Some(reason) => {
                let reason = screen.lang.retell_error(reason).into_owned();
                Line::styled(tell!(screen.lang, "{}; q leaves", harmless(&reason)), severity(Severity::Warning))
            }
            None => Line::styled(
                screen.lang.say("q quit  ? help  / filter  space pause  tab pane  enter open  f follow"),
                DIM,
            ),
        },
    };
    frame.render_widget(line, area);
}

fn draw_help(lang: Lang, frame: &mut Frame<'_>, area: Rect) {
    let lines: Vec<Line<'_>> = HELP
        .iter()
        .map(|(key, meaning)| match *key {
            "" if meaning.starts_with(char::is_uppercase) && meaning.len() < 20 => {
                Line::styled(lang.say(meaning), BOLD)
            }
            "" => Line::raw(format!("  {}", lang.say(meaning))),
            key => Line::from(vec![
                Span::styled(format!("  {key:<11} "), severity(Severity::Note)),
                Span::raw(lang.say(meaning)),
            ]),
        })
        .collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines), area);
}

/// The focused pane on the whole screen: its list, and below it what there is to say of the selected row.
fn draw_open(screen: &mut Screen, frame: &mut Frame<'_>, area: Rect) {
    let share = if screen.focus == Pane::Packets { 30 } else { 55 };
    let [list, details] = Layout::vertical([Constraint::Percentage(share), Constraint::Fill(1)]).areas(area);
    let width = usize::from(details.width);
    let lang = screen.lang;
    let (heading, lines) = match screen.focus {
        Pane::Packets => {
            draw_packets(screen, frame, list);
            let heading = if screen.shows_octets { "octets (x: fields)" } else { "fields (x: octets)" };
            (
                heading,
                screen.selected_packet().map(|seen| packet_details(screen.lang, seen, screen.shows_octets, width)),
            )
        }
        Pane::Conversations => {
            draw_conversations(screen, frame, list);
            let all = screen.conversations();
            ("conversation", all.get(screen.conversation_row(&all)).map(|found| conversation_details(lang, found)))
        }
        Pane::Findings => {
            draw_findings(screen, frame, list);
            let found = screen.feed().findings.iter().rev().nth(screen.finding);
            ("what it means", found.map(|found| note_details(screen.lang, &found.note, width)))
        }
    };
    let lines = lines.unwrap_or_default();
    let room = usize::from(details.height).saturating_sub(1);
    screen.scroll = screen.scroll.min(lines.len().saturating_sub(room));
    let heading = lang.say(heading);
    let below = lines.len().saturating_sub(screen.scroll + room);
    let more = if below > 0 { tell!(lang, " {} more lines: ] ", below) } else { String::new() };
    let block = block(heading, false).title_bottom("").title_top(Line::raw(more).right_aligned());
    let shift = if screen.focus == Pane::Packets { screen.shift as u16 } else { 0 };
    let text = Paragraph::new(lines).scroll((screen.scroll as u16, shift)).block(block);
    let text = if screen.focus == Pane::Conversations { text.wrap(Wrap { trim: false }) } else { text };
    frame.render_widget(text, details);
}

fn block(title: &str, is_focused: bool) -> Block<'static> {
    let style = if is_focused { BOLD } else { DIM };
    Block::new().borders(Borders::TOP).border_style(DIM).title(Span::styled(format!(" {title} "), style))
}

fn draw_conversations(screen: &mut Screen, frame: &mut Frame<'_>, area: Rect) {
    let is_focused = screen.focus == Pane::Conversations;
    let lang = screen.lang;
    let order = lang.say(screen.order.name());
    let title = tell!(lang, "1 conversations: {}, {} ", screen.feed().conversations.len(), order);
    let block = block(title.trim_end(), is_focused);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let all = screen.conversations();
    let (row, count) = (screen.conversation_row(&all), all.len());
    let mut listing = screen.listings[Pane::Conversations as usize];
    listing.keep(row, count, usize::from(inside.height));
    let shift = if is_focused { screen.shift } else { 0 };
    // Columns as wide as what is in sight needs.
    let visible = &all[listing.top.min(count)..(listing.top + listing.height).min(count)];
    let ends: Vec<String> = visible.iter().map(|found| both_ends(found)).collect();
    let ends_width = ends.iter().map(|text| text.width()).max().unwrap_or(0).min(52);
    let lines: Vec<Line<'_>> = visible
        .iter()
        .zip(&ends)
        .enumerate()
        .map(|(index, (found, ends))| {
            let octets = number::octets(found.octets.iter().sum());
            let worst = found.worst.map_or(Style::new(), severity);
            let mut spans = vec![
                Span::raw(format!("{:>4} {ends:<ends_width$} {octets:>8}  ", found.name())),
                Span::styled(found.verdict(lang), worst),
            ];
            let owner = found.owner.as_ref().map(|owner| format!("  [{owner}]"));
            spans.extend(owner.map(|owner| Span::styled(owner, severity(Severity::Note))));
            if area.width >= 110 && !found.state().is_empty() {
                spans.push(Span::styled(format!("  {}", found.state()), DIM));
            }
            row_line(spans, shift, is_focused && listing.top + index == row)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    screen.listings[Pane::Conversations as usize] = listing;
}

fn both_ends(found: &Conversation) -> String {
    format!("{} → {}", end(found.initiator), end(found.responder))
}

fn end(end: SocketAddr) -> String {
    match end.ip() {
        IpAddr::V4(address) => format!("{address}:{}", end.port()),
        IpAddr::V6(address) => format!("[{address}]:{}", end.port()),
    }
}

fn conversation_details(lang: Lang, found: &Conversation) -> Vec<Line<'static>> {
    let row = |name: &str, text: String| {
        let name = lang.say(name);
        let blanks = " ".repeat(12_usize.saturating_sub(name.width()));
        Line::from(vec![Span::styled(format!("{name}{blanks}"), DIM), Span::raw(text)])
    };
    let side =
        |index: usize| lang.list(&[lang.count(found.packets[index], "packet"), number::octets(found.octets[index])]);
    let mut lines = vec![
        row("initiator", tell!(lang, "{}   sent {}", end(found.initiator), side(0))),
        row("responder", tell!(lang, "{}   sent {}", end(found.responder), side(1))),
    ];
    if let Some((a, b)) = found.states {
        lines.push(row("states", tell!(lang, "initiator {}, responder {}", a, b)));
    }
    lines.push(row("verdict", found.verdict(lang)));
    lines.push(row(
        "owner",
        found.owner.clone().unwrap_or_else(|| lang.say("no process of this host is known").to_owned()),
    ));
    lines.push(row("filter", tell!(lang, "{}   (f shows its packets)", found.filter())));
    lines
}

fn draw_findings(screen: &mut Screen, frame: &mut Frame<'_>, area: Rect) {
    let is_focused = screen.focus == Pane::Findings;
    let count = screen.feed().findings.len();
    let block = block(&tell!(screen.lang, "2 findings: {}, newest first", count), is_focused);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    screen.finding = screen.finding.min(count.saturating_sub(1));
    let mut listing = screen.listings[Pane::Findings as usize];
    listing.keep(screen.finding, count, usize::from(inside.height));
    let shift = if is_focused { screen.shift } else { 0 };
    let lang = screen.lang;
    let lines: Vec<Line<'_>> = screen
        .feed()
        .findings
        .iter()
        .rev()
        .enumerate()
        .skip(listing.top)
        .take(listing.height)
        .map(|(index, found)| {
            let note = &found.note;
            let place =
                note.connection.map_or_else(String::new, |connection| tell!(lang, "connection {}: ", connection));
            let times = if found.count > 1 { format!(" {}×", found.count) } else { String::new() };
            let spans = vec![
                Span::styled(format!("{:>7}{times:>5} ", note.packet), DIM),
                Span::raw(place),
                Span::styled(words::line_in(lang, note), severity(note.entry.severity)),
            ];
            row_line(spans, shift, is_focused && index == screen.finding)
        })
        .collect();
    let empty = vec![Line::styled(lang.say("    nothing so far that went wrong"), DIM)];
    frame.render_widget(Paragraph::new(if count == 0 { empty } else { lines }), inside);
    screen.listings[Pane::Findings as usize] = listing;
}

fn note_details(lang: Lang, note: &Note, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(words::line_in(lang, note), severity(note.entry.severity))];
    let sentence = explain::rule(note.rule).map(|words| lang.rule(note.rule, words)).unwrap_or_default();
    let confidence = lang.say(note.confidence.name());
    let about = format!("{} · {} · {confidence} · {}: {sentence}", note.packet, note.code(), note.rule);
    for text in [about.as_str(), lang.explanation(note.code(), note.entry.explanation)] {
        let pieces = crate::render::ladder::wrap(text, width.saturating_sub(2).max(20));
        lines.extend(pieces.into_iter().map(|piece| Line::raw(format!("  {piece}"))));
    }
    lines
}

fn draw_packets(screen: &mut Screen, frame: &mut Frame<'_>, area: Rect) {
    let is_focused = screen.focus == Pane::Packets;
    let (shown, row) = (screen.feed().shown().len(), screen.packet_row());
    let lang = screen.lang;
    let newest = lang.say(if screen.follows() { "following" } else { "f follows" });
    let what = lang.say(if screen.filter().is_some() { "shown by the filter" } else { "kept" });
    let block = block(&tell!(lang, "3 packets: {} {}, {}", shown, what, newest), is_focused);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut listing = screen.listings[Pane::Packets as usize];
    listing.keep(row, shown, usize::from(inside.height));
    let is_wide = area.width >= 110;
    let shift = if is_focused { screen.shift } else { 0 };
    let mut clock = Clock::new(TimeStyle::TimeOfDay, TimeZone::system(), false);
    let feed = screen.feed();
    let lines: Vec<Line<'_>> = (listing.top..shown.min(listing.top + listing.height))
        .filter_map(|index| Some((index, feed.seen(*feed.shown().get(index)?)?)))
        .map(|(index, seen)| {
            row_line(packet_spans(screen.lang, seen, &mut clock, is_wide), shift, is_focused && index == row)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    screen.listings[Pane::Packets as usize] = listing;
}

fn packet_spans(lang: Lang, seen: &Seen, clock: &mut Clock, is_wide: bool) -> Vec<Span<'static>> {
    let mut time = Vec::new();
    clock.write(&mut time, seen.meta.at);
    let time = String::from_utf8_lossy(&time).into_owned();
    // In few columns: seconds and milliseconds.
    let time = if is_wide { time } else { time.chars().skip(6).take(6).collect() };
    let (parties, (protocol, info)) = seen.judged(|judged| {
        let frame = &judged.packet.frame;
        let parties = format!("{} → {}", party(frame, Party::Source), party(frame, Party::Destination));
        (parties, description(judged, Detail::default()))
    });
    let width = if is_wide { 45 } else { 37 };
    let mut spans = vec![
        Span::styled(format!("{:>6} ", seen.meta.number), DIM),
        Span::raw(format!("{time} {parties:<width$} ")),
        Span::styled(format!("{protocol:<5}"), color_of(style::protocol(protocol))),
        Span::raw(info),
    ];
    for (index, note) in seen.notes.iter().enumerate() {
        spans.push(Span::raw(if index == 0 { "  · " } else { "; " }));
        spans.push(Span::styled(words::line_beside(lang, note), severity(note.entry.severity)));
    }
    spans
}

/// What is said of a packet, and below it its fields or its octets.
fn packet_details(lang: Lang, seen: &Seen, octets: bool, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'_>> = seen.notes.iter().flat_map(|note| note_details(lang, note, width)).collect();
    let mut out = Vec::new();
    seen.judged(|judged| match octets {
        true => hex::rows(judged.packet.frame.bytes(), true, &mut out),
        false => tree::tree(&judged.packet.frame, Paint::new(false), &mut out),
    });
    for line in String::from_utf8_lossy(&out).lines() {
        let is_layer = !octets && line.starts_with("  ") && !line.starts_with("    ");
        let line = line.replace('\t', "  ");
        lines.push(if is_layer { Line::styled(line, BOLD) } else { Line::raw(line) });
    }
    lines
}

/// A row without its first `shift` columns, marked if it is selected.
fn row_line(spans: Vec<Span<'static>>, shift: usize, is_selected: bool) -> Line<'static> {
    let mut left = shift;
    let mut kept = Vec::with_capacity(spans.len());
    for span in spans {
        let count = span.content.chars().count();
        if left >= count {
            left -= count;
            continue;
        }
        let content: String = span.content.chars().skip(left).collect();
        left = 0;
        kept.push(Span::styled(content, span.style));
    }
    let line = Line::from(kept);
    if is_selected { line.style(SELECTED) } else { line }
}

fn severity(severity: Severity) -> Style {
    color_of(style::severity(severity))
}

/// The same style for the screen as for printed lines.
fn color_of(style: anstyle::Style) -> Style {
    let mut out = Style::new();
    if let Some(anstyle::Color::Ansi(color)) = style.get_fg_color() {
        out = out.fg(match color {
            AnsiColor::Red => Color::Red,
            AnsiColor::Green => Color::Green,
            AnsiColor::Yellow => Color::Yellow,
            AnsiColor::Blue => Color::Blue,
            AnsiColor::Magenta => Color::Magenta,
            AnsiColor::Cyan => Color::Cyan,
            _ => Color::Reset,
        });
    }
    if style.get_effects().contains(Effects::BOLD) {
        out = out.add_modifier(Modifier::BOLD);
    }
    out
}
