//! The screen as plain data: what it remembers of the capture, what is selected, what is being typed. Keys and packets
//! change it; `draw` makes a picture of it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::conversations::{Conversation, Key};
use super::feed::{Feed, Seen};
use crate::analysis::{Judged, Note};
use crate::base::Timestamp;
use crate::filter::display::DisplayFilter;
use crate::lang::{Lang, tell};
use crate::packet::{Remark, RemarkKind};

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Conversations,
    Findings,
    Packets,
}

impl Pane {
    fn next(self, by: usize) -> Pane {
        let all = [Pane::Conversations, Pane::Findings, Pane::Packets];
        let at = all.iter().position(|pane| *pane == self).unwrap_or(0);
        all[(at + by) % all.len()]
    }
}

/// How conversations are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Newest,
    Largest,
    Latest,
}

impl Order {
    /// Its name in the heading.
    pub(super) fn name(self) -> &'static str {
        match self {
            Order::Newest => "newest first",
            Order::Largest => "largest first",
            Order::Latest => "latest first",
        }
    }
}

/// What a key asks of those who hold the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Leave,
    Suspend,
}

/// What stands in the last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bottom {
    /// The keys.
    Keys,
    /// Something to be read, until the next key; true if it is trouble.
    Message(String, bool),
    /// A display filter that is being typed.
    Filter(String),
}

/// A list with a selected row that is kept in sight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listing {
    /// The first row in sight.
    pub(super) top: usize,
    /// Rows in sight, as of the last picture.
    pub(super) height: usize,
}

impl Listing {
    /// Moves the rows in sight so that `selected` of `count` is among them.
    pub(super) fn keep(&mut self, selected: usize, count: usize, height: usize) {
        self.height = height;
        self.top = self.top.min(selected).max((selected + 1).saturating_sub(height));
        self.top = self.top.min(count.saturating_sub(height));
    }
}

/// The whole screen.
#[derive(Debug)]
pub(in crate::cli) struct Screen {
    /// The interface.
    pub(super) title: String,
    /// The language of what is said of packets.
    pub(super) lang: Lang,
    feed: Feed,
    /// What is shown while the screen is paused.
    frozen: Option<Box<Feed>>,
    filter: Option<DisplayFilter>,
    pub(super) focus: Pane,
    /// The focused pane fills the screen, with what there is to say of its selected row.
    pub(super) is_open: bool,
    pub(super) shows_help: bool,
    pub(super) bottom: Bottom,
    pub(super) order: Order,
    /// The selected packet; without one, the newest.
    packet: Option<u64>,
    /// The selected conversation; without one, the first of the list.
    conversation: Option<Key>,
    /// The selected finding, counted from the newest.
    pub(super) finding: usize,
    /// Rows of the three lists.
    pub(super) listings: [Listing; 3],
    /// Columns that are left out at the left, so that long lines can be read.
    pub(super) shift: usize,
    /// Lines that are left out at the top of what is said of the selected row.
    pub(super) scroll: usize,
    /// True if the octets are shown rather than the fields.
    pub(super) shows_octets: bool,
    /// Why the capture ended, if it did.
    pub(super) ended: Option<String>,
}

impl Screen {
    /// An empty screen for packets of `title`, showing those for which `filter` holds.
    pub(in crate::cli) fn new(title: String, filter: Option<DisplayFilter>, lang: Lang) -> Screen {
        Screen {
            title,
            lang,
            feed: Feed::default(),
            frozen: None,
            filter,
            focus: Pane::Packets,
            is_open: false,
            shows_help: false,
            bottom: Bottom::Keys,
            order: Order::Newest,
            packet: None,
            conversation: None,
            finding: 0,
            listings: [Listing::default(); 3],
            shift: 0,
            scroll: 0,
            shows_octets: false,
            ended: None,
        }
    }

    // ---- what the capture tells ----

    pub(super) fn packet(&mut self, judged: &Judged<'_, '_>) {
        self.feed.packet(judged, self.filter.as_ref());
    }

    pub(super) fn late_note(&mut self, note: &Note) {
        self.feed.late_note(note, self.filter.as_ref());
    }

    pub(super) fn remark(&mut self, remark: &Remark) {
        match remark.kind {
            RemarkKind::Dropped(count) => self.feed.dropped += count,
            _ => self.say(remark.text.clone()),
        }
    }

    /// Says something in the last line.
    pub(super) fn say(&mut self, text: String) {
        if !matches!(self.bottom, Bottom::Filter(_)) {
            self.bottom = Bottom::Message(text, false);
        }
    }

    /// No more packets come.
    pub(super) fn end(&mut self, reason: &str) {
        self.ended = Some(reason.to_owned());
    }

    /// Time has come to `now`.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if self.ended.is_none() {
            self.feed.rates.advance(now);
        }
    }

    // ---- what is to be seen ----

    /// What is shown: the present, or the moment of the pause.
    pub(super) fn feed(&self) -> &Feed {
        self.frozen.as_deref().unwrap_or(&self.feed)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// Packets that came since the pause.
    pub(super) fn waiting(&self) -> u64 {
        self.feed.count - self.feed().count
    }

    /// The text of the display filter, if there is one.
    pub(super) fn filter(&self) -> Option<&str> {
        self.filter.as_ref().map(DisplayFilter::text)
    }

    /// All conversations that owners are looked for; those of a paused picture stay as they were.
    pub(super) fn conversations_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.feed.conversations.iter_mut()
    }

    /// Conversations in the order that was chosen.
    pub(super) fn conversations(&self) -> Vec<&Conversation> {
        let mut all: Vec<_> = self.feed().conversations.iter().rev().collect();
        match self.order {
            Order::Newest => {}
            Order::Largest => all.sort_by_key(|found| std::cmp::Reverse(found.octets.iter().sum::<u64>())),
            Order::Latest => all.sort_by_key(|found| std::cmp::Reverse(found.last)),
        }
        all
    }

    /// The row of the selected conversation.
    pub(super) fn conversation_row(&self, all: &[&Conversation]) -> usize {
        self.conversation.and_then(|key| all.iter().position(|found| found.key == key)).unwrap_or(0)
    }

    /// The row of the selected packet in the list of shown ones: the selected one, the next one that is still
    /// remembered, or the newest.
    pub(super) fn packet_row(&self) -> usize {
        let shown = self.feed().shown();
        let last = shown.len().saturating_sub(1);
        match self.packet {
            Some(number) => shown.partition_point(|found| *found < number).min(last),
            None => last,
        }
    }

    /// True if the list of packets follows the newest.
    pub(super) fn follows(&self) -> bool {
        self.packet.is_none()
    }

    /// The selected packet.
    pub(super) fn selected_packet(&self) -> Option<&Seen> {
        let number = *self.feed().shown().get(self.packet_row())?;
        self.feed().seen(number).map(|seen| &**seen)
    }

    // ---- keys ----

    /// Does what a key asks for.
    pub(super) fn key(&mut self, key: KeyEvent) -> Wish {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Wish::Leave,
                KeyCode::Char('z') => return Wish::Suspend,
                _ => {}
            }
        }
        if let Bottom::Filter(text) = &mut self.bottom {
            match key.code {
                KeyCode::Esc => self.bottom = Bottom::Keys,
                KeyCode::Enter => {
                    let text = std::mem::take(text);
                    self.apply(&text);
                }
                KeyCode::Backspace => drop(text.pop()),
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => text.clear(),
                KeyCode::Char(c) if !c.is_control() => text.push(c),
                _ => {}
            }
            return Wish::Nothing;
        }
        self.bottom = Bottom::Keys;
        if self.shows_help {
            self.shows_help = false;
            return if key.code == KeyCode::Char('q') { Wish::Leave } else { Wish::Nothing };
        }
        match key.code {
            KeyCode::Char('q') => return Wish::Leave,
            KeyCode::Char('?') | KeyCode::F(1) => self.shows_help = true,
            KeyCode::Char('/') => self.bottom = Bottom::Filter(self.filter().unwrap_or_default().to_owned()),
            KeyCode::Char(' ' | 'p') => self.pause(),
            KeyCode::Tab => self.look_at(self.focus.next(1)),
            KeyCode::BackTab => self.look_at(self.focus.next(2)),
            KeyCode::Char('1') => self.look_at(Pane::Conversations),
            KeyCode::Char('2') => self.look_at(Pane::Findings),
            KeyCode::Char('3') => self.look_at(Pane::Packets),
            KeyCode::Enter => self.is_open = !self.is_open,
            KeyCode::Esc if self.is_open => self.is_open = false,
            KeyCode::Esc => self.apply(""),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-self.page()),
            KeyCode::PageDown => self.step(self.page()),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN / 2),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX / 2),
            KeyCode::Left | KeyCode::Char('h') => self.shift = self.shift.saturating_sub(8),
            KeyCode::Right | KeyCode::Char('l') => self.shift = (self.shift + 8).min(400),
            KeyCode::Char('[') => self.scroll = self.scroll.saturating_sub(5),
            KeyCode::Char(']') => self.scroll += 5,
            KeyCode::Char('x') => {
                self.shows_octets = !self.shows_octets;
                self.scroll = 0;
            }
            KeyCode::Char('s') => {
                self.order = match self.order {
                    Order::Newest => Order::Largest,
                    Order::Largest => Order::Latest,
                    Order::Latest => Order::Newest,
                }
            }
            KeyCode::Char('f') => self.follow(),
            _ => {}
        }
        Wish::Nothing
    }

    fn look_at(&mut self, pane: Pane) {
        self.focus = pane;
        self.shift = 0;
        self.scroll = 0;
    }

    fn pause(&mut self) {
        self.frozen = match self.frozen {
            Some(_) => None,
            None => Some(Box::new(self.feed.clone())),
        };
    }

    /// Rows of a page of the focused list.
    fn page(&self) -> isize {
        self.listings[self.focus as usize].height.saturating_sub(1).max(1) as isize
    }

    /// Selects the row so many further down.
    fn step(&mut self, by: isize) {
        self.scroll = 0;
        let moved = |row: usize, count: usize| row.saturating_add_signed(by).min(count.saturating_sub(1));
        match self.focus {
            Pane::Packets => {
                let shown = self.feed().shown();
                let row = moved(self.packet_row(), shown.len());
                let selected = shown.get(row).copied();
                // Whoever goes to the end wants to see what comes.
                self.packet = if row + 1 == shown.len() && by > 0 { None } else { selected };
            }
            Pane::Conversations => {
                let all = self.conversations();
                let row = moved(self.conversation_row(&all), all.len());
                let key = all.get(row).map(|found| found.key);
                // Whoever goes to the top wants to see what comes.
                self.conversation = if row == 0 && by < 0 { None } else { key };
            }
            Pane::Findings => self.finding = moved(self.finding, self.feed().findings.len()),
        }
    }

    /// From a conversation or a finding to its packets; from packets, back to all of them with the newest in sight.
    fn follow(&mut self) {
        match self.focus {
            Pane::Packets => self.packet = None,
            Pane::Conversations => {
                let all = self.conversations();
                if let Some(filter) = all.get(self.conversation_row(&all)).map(|found| found.filter()) {
                    self.apply(&filter);
                    self.look_at(Pane::Packets);
                }
            }
            Pane::Findings => {
                let found = self.feed().findings.iter().rev().nth(self.finding).map(|found| found.note.packet);
                match found {
                    Some(number) if self.feed().seen(number).is_some() => {
                        self.apply("");
                        self.packet = Some(number);
                        self.look_at(Pane::Packets);
                    }
                    Some(number) => {
                        let oldest = self.feed().oldest().unwrap_or_default();
                        let text = tell!(
                            self.lang,
                            "packet {} is no longer kept; the oldest that is kept is {}",
                            number,
                            oldest
                        );
                        self.bottom = Bottom::Message(text, true);
                    }
                    None => {}
                }
            }
        }
    }

    /// Makes `text` the display filter; a blank one shows all packets.
    fn apply(&mut self, text: &str) {
        self.bottom = Bottom::Keys;
        match DisplayFilter::parse(text) {
            Ok(filter) => {
                self.filter = Some(filter).filter(|filter| !filter.text().trim().is_empty());
                self.packet = None;
                self.feed.show(self.filter.as_ref());
                if let Some(frozen) = &mut self.frozen {
                    frozen.show(self.filter.as_ref());
                }
            }
            Err(error) => {
                let text = crate::base::text::harmless(&error.to_string()).into_owned();
                self.bottom = Bottom::Message(format!("{text}   (/ to try again)"), true);
            }
        }
    }
}
