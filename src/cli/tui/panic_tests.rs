//! The terminal after a panic, in a real one: a second process of these tests takes it over and panics.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread;

use ratatui::widgets::Paragraph;

use super::Shared;
use super::screen::Screen;
use super::terminal::Display;
use crate::lang::Lang;
use tmux::Terminal;

#[path = "../../../tests/terminal/tmux.rs"]
#[allow(dead_code)]
mod tmux;

/// Says in the second process how its screen shall end.
const ENDING: &str = "NETLAB_TEST_ENDING";

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_why() {
    if std::env::var_os(ENDING).is_some() {
        return;
    }
    let tests = std::env::current_exe().expect("these tests");
    // A panic of the thread that draws, one of any other, and, to compare with, none.
    for ending in ["drawing", "another", "none"] {
        let Some(terminal) = Terminal::new(100, 30) else { return };
        let settings = |mark: &str| {
            terminal.run_alone(&format!("stty -g | cksum; echo {mark}"));
            let screen = terminal.wait_until("its settings", |screen| screen.lines().any(|line| line == mark));
            screen.lines().take_while(|line| *line != mark).last().unwrap_or_default().to_owned()
        };
        let before = settings("before");
        let test = format!("{} --exact {} --nocapture", tests.display(), child_name());
        terminal.run_alone(&format!("{ENDING}={ending} {test}; echo status $?"));
        terminal.wait_for("the live screen");
        terminal.wait_until_about("#{alternate_on} #{cursor_flag}", "1 0");
        terminal.key("x");
        let screen = terminal.wait_for("status 0");
        terminal.wait_until_about("#{alternate_on} #{cursor_flag}", "0 1");
        // Why it ended is said on the terminal that was given back, and not on the screen that is gone.
        assert_eq!(screen.contains("something that cannot be"), ending != "none", "{ending}:\n{screen}");
        assert!(!screen.contains("the live screen"), "{ending}:\n{screen}");
        assert_eq!(settings("after"), before, "{ending}: settings of the terminal");
    }
}

fn child_name() -> String {
    let module = module_path!().split_once("::").expect("a module").1;
    format!("{module}::takes_the_terminal_and_ends")
}

/// Not a test by itself: the second process. It never drops its display after a panic, so that only the hook can help.
#[test]
fn takes_the_terminal_and_ends() {
    let Some(ending) = std::env::var_os(ENDING) else { return };
    let shared = Arc::new(Shared {
        screen: Mutex::new(Screen::new("lo".to_owned(), None, Lang::English)),
        over: AtomicBool::new(false),
    });
    let mut display = Display::take(Arc::clone(&shared)).expect("a terminal");
    display.draw(|frame| frame.render_widget(Paragraph::new("the live screen"), frame.area())).expect("drawn");
    while display.keys(std::time::Duration::from_millis(50)).expect("a terminal").is_empty() {}
    match ending.to_str() {
        Some("drawing") => {
            let drawing = thread::spawn(move || {
                let _display = std::mem::ManuallyDrop::new(display);
                panic!("something that cannot be");
            });
            let _ = drawing.join();
        }
        Some("another") => {
            let _ = thread::spawn(|| panic!("something that cannot be")).join();
            std::mem::forget(display);
        }
        _ => drop(display),
    }
    assert_eq!(ending != "none", shared.over.load(std::sync::atomic::Ordering::Relaxed));
}
