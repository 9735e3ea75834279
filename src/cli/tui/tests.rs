//! What the screen shows of known captures, at the sizes of an old terminal and of a large one.

use std::io;
use std::ops::ControlFlow;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::draw::draw;
use super::screen::{Screen, Wish};
use crate::analysis::{Analyzer, Judged, Note};
use crate::base::limits::{MAX_SCREEN_CONVERSATIONS, MAX_SCREEN_FINDINGS, MAX_SCREEN_PACKETS};
use crate::base::{MacAddr, Timestamp};
use crate::capture::{self, OpenOptions};
use crate::lang::Lang;
use crate::packet::{Meta, Packet, RawPacket, Remark, RemarkKind};
use crate::pipeline::{self, Patience, Sink};
use crate::wire::LinkType;
use crate::wire::build::{FrameBuilder, Ipv4Fields, UdpFields};

struct Eye(Screen);

impl Sink for Eye {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.0.packet(judged);
        Ok(ControlFlow::Continue(()))
    }
    fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        self.0.remark(remark);
        Ok(())
    }
    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.0.late_note(note);
        Ok(())
    }
}

/// A screen that has seen a capture of the repository as if it were live.
fn screen(file: &str) -> Screen {
    screen_in(Lang::English, file)
}

fn screen_in(lang: Lang, file: &str) -> Screen {
    let path = format!("{}/captures/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut source = capture::open(&[path], &OpenOptions::default()).expect("the capture is there");
    let mut eye = Eye(Screen::new("eth0".to_owned(), None, lang));
    pipeline::run(&mut source, None, &mut Analyzer::new(), &mut eye, Patience::Live).expect("it is whole");
    eye.0
}

fn picture(screen: &mut Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| draw(screen, frame)).expect("memory");
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width));
    let text = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned());
    text.collect::<Vec<_>>().join("\n")
}

fn press(screen: &mut Screen, code: KeyCode) -> Wish {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_text(screen: &mut Screen, text: &str) {
    for c in text.chars() {
        press(screen, KeyCode::Char(c));
    }
}

fn udp(screen: &mut Screen, number: u64, port: u16, payload: &[u8]) {
    let octets = FrameBuilder::ethernet(MacAddr([0, 0, 0x5e, 0, 0x53, 1]), MacAddr([0, 0, 0x5e, 0, 0x53, 2]))
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]))
        .udp(UdpFields::new(port, 9))
        .payload(payload)
        .finish();
    let at = Timestamp::from_nanos(number * 1_000_000);
    let meta = Meta::new(number, at, LinkType::ETHERNET, octets.len() as u32);
    let packet = Packet::decode(RawPacket { meta, bytes: &octets });
    screen.packet(&Judged { packet: &packet, notes: &[], context: Default::default() });
}

#[test]
fn an_old_terminal_shows_counts_conversations_findings_and_packets() {
    let mut screen = screen("tutorial.pcapng");
    let picture = picture(&mut screen, 80, 24);
    assert_eq!(picture.lines().count(), 24);
    for part in [" eth0 ", "live", "packets/s", "1 conversations:", "2 findings:", "3 packets:", "q quit  ? help"] {
        assert!(picture.contains(part), "{part}:\n{picture}");
    }
    assert!(picture.contains("closed") && picture.contains(" → "), "{picture}");
}

#[test]
fn the_screen_speaks_chinese_in_every_pane_and_in_its_help() {
    let mut screen = screen_in(Lang::Chinese, "tutorial.pcapng");
    // Behind a character of two columns stands a blank cell.
    let close = |text: String| text.chars().filter(|c| *c != ' ').collect::<String>();
    let overview = close(picture(&mut screen, 100, 30));
    for part in ["实时", "包/秒", "1会话：", "最新的在前", "2发现：", "3包：", "跟随最新", "已关闭", "q退出"]
    {
        assert!(overview.contains(part), "{part}:\n{overview}");
    }
    let pages = [KeyCode::Char('1'), KeyCode::Char('2'), KeyCode::Char('3')].map(|pane| {
        press(&mut screen, pane);
        press(&mut screen, KeyCode::Enter);
        let open = close(picture(&mut screen, 100, 30));
        press(&mut screen, KeyCode::Esc);
        open
    });
    assert!(pages[0].contains("发起方") && pages[0].contains("结论"), "{}", pages[0]);
    assert!(pages[1].contains("含义") && pages[2].contains("字段（x：字节）"), "{}\n{}", pages[1], pages[2]);
    press(&mut screen, KeyCode::Char('?'));
    let help = close(picture(&mut screen, 100, 30));
    assert!(help.contains("上一行，下一行") && help.contains("结束抓包"), "{help}");
    assert!(!help.contains("the") && !overview.contains("packets"), "{help}\n{overview}");
}

#[test]
fn a_large_terminal_shows_states_too() {
    let mut screen = screen("tutorial.pcapng");
    let picture = picture(&mut screen, 150, 40);
    assert!(picture.contains("CLOSED/TIME-WAIT") || picture.contains("TIME-WAIT/CLOSED"), "{picture}");
}

#[test]
fn a_tiny_terminal_is_no_reason_to_fail() {
    let mut screen = screen("tutorial.pcapng");
    for (width, height) in [(1, 1), (10, 3), (20, 5), (40, 10), (500, 2)] {
        picture(&mut screen, width, height);
        press(&mut screen, KeyCode::Enter);
        picture(&mut screen, width, height);
        press(&mut screen, KeyCode::Char('?'));
        picture(&mut screen, width, height);
        press(&mut screen, KeyCode::Char('?'));
        press(&mut screen, KeyCode::Tab);
    }
}

#[test]
fn the_help_fits_an_old_terminal() {
    let mut screen = screen("tutorial.pcapng");
    press(&mut screen, KeyCode::Char('?'));
    let picture = picture(&mut screen, 80, 24);
    for (key, meaning) in super::help::HELP {
        assert!(picture.contains(meaning.trim_start()) && picture.contains(key), "{key} {meaning}:\n{picture}");
    }
    press(&mut screen, KeyCode::Esc);
    assert!(!screen.shows_help);
}

#[test]
fn a_packet_opens_into_its_fields_and_octets() {
    let mut screen = screen("tutorial.pcapng");
    press(&mut screen, KeyCode::Home);
    press(&mut screen, KeyCode::Enter);
    let fields = picture(&mut screen, 80, 24);
    assert!(fields.contains("ethernet") && fields.contains("more lines"), "{fields}");
    press(&mut screen, KeyCode::Char('x'));
    assert!(picture(&mut screen, 80, 24).contains("0x0000:"));
    press(&mut screen, KeyCode::Esc);
    assert!(!screen.is_open);
}

#[test]
fn a_display_filter_is_typed_applied_refused_and_taken_back() {
    let mut screen = screen("tutorial.pcapng");
    let all = screen.feed().shown().len();
    type_text(&mut screen, "/arp");
    assert!(picture(&mut screen, 80, 24).lines().last().is_some_and(|line| line.starts_with("/arp")));
    press(&mut screen, KeyCode::Enter);
    let some = screen.feed().shown().len();
    assert!(some > 0 && some < all, "{some} of {all}");
    assert!(picture(&mut screen, 80, 24).contains("shown: arp"));
    type_text(&mut screen, "/ and nonsense.field == 1");
    press(&mut screen, KeyCode::Enter);
    let refused = picture(&mut screen, 80, 24);
    assert!(refused.lines().last().is_some_and(|line| line.contains("nonsense")), "{refused}");
    assert_eq!(screen.feed().shown().len(), some, "the old filter stays");
    press(&mut screen, KeyCode::Esc);
    assert_eq!(screen.feed().shown().len(), all);
}

#[test]
fn a_pause_keeps_the_picture_while_the_capture_goes_on() {
    let mut screen = Screen::new("eth0".to_owned(), None, Lang::English);
    (1..=5).for_each(|number| udp(&mut screen, number, 5000, b"before"));
    press(&mut screen, KeyCode::Char(' '));
    let before = picture(&mut screen, 80, 24);
    (6..=9).for_each(|number| udp(&mut screen, number, 5001, b"after"));
    let paused = picture(&mut screen, 80, 24);
    assert!(paused.contains("PAUSED, 4 more came") && !paused.contains("5001"), "{paused}");
    assert!(before.contains("3 packets: 5 kept") && paused.contains("3 packets: 5 kept"));
    press(&mut screen, KeyCode::Char(' '));
    let after = picture(&mut screen, 80, 24);
    assert!(after.contains("3 packets: 9 kept") && after.contains("5001"), "{after}");
}

#[test]
fn the_selected_packet_stays_while_others_come_and_the_end_follows() {
    let mut screen = Screen::new("eth0".to_owned(), None, Lang::English);
    (1..=50).for_each(|number| udp(&mut screen, number, 5000, b"x"));
    picture(&mut screen, 80, 24);
    press(&mut screen, KeyCode::Up);
    let selected = screen.selected_packet().map(|seen| seen.meta.number);
    (51..=90).for_each(|number| udp(&mut screen, number, 5000, b"x"));
    assert_eq!(screen.selected_packet().map(|seen| seen.meta.number), selected);
    press(&mut screen, KeyCode::End);
    udp(&mut screen, 91, 5000, b"x");
    assert_eq!(screen.selected_packet().map(|seen| seen.meta.number), Some(91));
    assert!(screen.follows());
}

#[test]
fn a_conversation_shows_its_packets_and_a_finding_its_packet() {
    let mut screen = screen("tcp/s-02b-fast-30ms-rtt-10.pcap");
    picture(&mut screen, 80, 24);
    press(&mut screen, KeyCode::Char('1'));
    press(&mut screen, KeyCode::Enter);
    let open = picture(&mut screen, 80, 24);
    assert!(open.contains("initiator") && open.contains("tcp.connection == 0"), "{open}");
    press(&mut screen, KeyCode::Char('f'));
    assert_eq!(screen.filter(), Some("tcp.connection == 0"));
    press(&mut screen, KeyCode::Char('2'));
    let found = picture(&mut screen, 100, 30);
    assert!(found.contains("what it means") && found.contains("certain"), "{found}");
    let number = screen.feed().findings.back().map(|found| found.note.packet);
    press(&mut screen, KeyCode::Char('f'));
    assert_eq!(screen.selected_packet().map(|seen| seen.meta.number), number);
    assert_eq!(screen.filter(), None);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut screen = Screen::new("eth0".to_owned(), None, Lang::English);
    let count = MAX_SCREEN_PACKETS as u64 + 700;
    for number in 1..=count {
        udp(&mut screen, number, (number % 60_000 + 1) as u16, b"x");
    }
    assert_eq!(screen.feed().shown().len(), MAX_SCREEN_PACKETS);
    assert_eq!(screen.feed().oldest(), Some(701));
    assert_eq!(screen.feed().conversations.len(), MAX_SCREEN_CONVERSATIONS);
    let newest = screen.conversations().first().map(|found| found.initiator.port());
    assert_eq!(newest, Some(count as u16 + 1), "the quietest are forgotten");
    assert_eq!(screen.feed().count, count);
    assert!(screen.feed().findings.len() <= MAX_SCREEN_FINDINGS);
}

#[test]
fn rates_are_those_of_whole_seconds_and_go_on_without_packets() {
    let mut screen = Screen::new("eth0".to_owned(), None, Lang::English);
    screen.tick(Timestamp::from_parts(0, 0));
    (0..10).for_each(|number| udp(&mut screen, number, 5000, b"x"));
    screen.tick(Timestamp::from_parts(1, 0));
    assert_eq!(screen.feed().rates.now().0, 10);
    assert!(picture(&mut screen, 80, 24).contains("10 packets/s"));
    screen.tick(Timestamp::from_parts(3, 0));
    assert_eq!(screen.feed().rates.packets().collect::<Vec<_>>(), [10, 0, 0, 0]);
}

#[test]
fn text_from_packets_cannot_move_the_cursor() {
    let mut screen = screen("link/l1-answer.pcap");
    screen.remark(&Remark { packet: None, at: None, kind: RemarkKind::Note, text: "a\u{1b}[2Jb".to_owned() });
    screen.title = "eth\u{1b}]0;x".to_owned();
    type_text(&mut screen, "/frame contains \"");
    press(&mut screen, KeyCode::Char('\u{202e}'));
    let picture = picture(&mut screen, 80, 24);
    assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'), "{picture}");
}

#[test]
fn the_end_of_the_capture_is_said_and_lost_packets_are_counted() {
    let mut screen = screen("tutorial.pcapng");
    screen.remark(&Remark { packet: None, at: None, kind: RemarkKind::Dropped(7), text: String::new() });
    screen.end("interface eth0 disappeared");
    let picture = picture(&mut screen, 80, 24);
    assert!(picture.contains("7 dropped by kernel") && picture.contains(" ENDED"), "{picture}");
    assert!(picture.contains("interface eth0 disappeared; q leaves"), "{picture}");
    assert_eq!(press(&mut screen, KeyCode::Char('q')), Wish::Leave);
    assert_eq!(screen.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Wish::Leave);
}
