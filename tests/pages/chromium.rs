//! Just enough of Chromium to look at a page: one browser without a window, driven over a pair of pipes
//! (`--remote-debugging-pipe`: messages of JSON, each ended by a zero octet, on the descriptors 3 and 4).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Names under which distributions install the browser.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// No answer takes longer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(200);

/// A browser with one page.
pub struct Chromium {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    /// What the page said or asked for since it was opened.
    pub events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts the browser; `None`, and a word about it, if there is none.
    pub fn start() -> Option<Chromium> {
        let is_there = |name: &&&str| {
            Command::new("sh")
                .args(["-c", "command -v \"$0\"", name])
                .output()
                .is_ok_and(|found| found.status.success())
        };
        let Some(name) = NAMES.iter().find(is_there) else {
            assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "chromium is required and not installed");
            eprintln!("skipped: chromium is not installed");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder");
        // The shell puts our pipes to where the browser looks for them, and then becomes the browser.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", name])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            let mut octets = Vec::new();
            while output.read_until(0, &mut octets).is_ok_and(|len| len > 0) {
                octets.pop();
                let message = serde_json::from_slice(&octets).expect("JSON");
                octets.clear();
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser =
            Chromium { child, input, messages, session: None, last_id: 0, events: Vec::new(), _profile: profile };
        let targets = browser.call("Target.getTargets", json!({}));
        let pages = targets["targetInfos"].as_array().expect("a list");
        let page = pages.iter().find(|target| target["type"] == "page").expect("a page")["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": page, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Performance.enable", json!({"timeDomain": "threadTicks"}));
        Some(browser)
    }

    /// Asks the browser for something and waits for the answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut octets = message.to_string().into_bytes();
        octets.push(0);
        self.input.write_all(&octets).expect("the browser listens");
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == self.last_id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", asked);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Opens a page in a window of that width, light or dark, and waits until it has drawn itself.
    pub fn open(&mut self, page: &Path, width: u32, scheme: &str) {
        let window = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", window);
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features);
        self.events.clear();
        let url = format!("file://{}", page.display());
        let gone = self.call("Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {}", gone["errorText"]);
        let until = Instant::now() + PATIENCE;
        while self.value("document.readyState === 'complete' && document.body.dataset.ready") != "yes" {
            self.complaints(&url);
            assert!(Instant::now() < until, "{url} does not become ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Fails if the page complained about anything or asked for anything but itself.
    pub fn complaints(&mut self, what: &str) {
        // What was said before the answer to this call has arrived with it.
        self.value("1");
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => {
                    panic!("{what}: {params}");
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap_or_default();
                    let is_itself = params["type"] == "Document" && url.starts_with("file://");
                    assert!(is_itself, "{what} asks for {url}");
                }
                _ => {}
            }
        }
    }

    /// Presses a key, as a person does.
    pub fn press(&mut self, key: &str) {
        let text = if key == " " { " " } else { "" };
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({"type": kind, "key": key, "code": key, "text": text}));
        }
    }

    /// Clicks at the middle of the first element that a selector finds, as a person does; returns once the page has dealt with
    /// it. An earlier click may still be scrolling the page smoothly, so that the element is clicked where it comes to rest.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(async () => {{ const one = document.querySelector({selector:?}); let box, before; do {{ before = box; \
             one.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))); \
             box = one.getBoundingClientRect(); \
             }} while (!before || box.x !== before.x || box.y !== before.y || box.width !== before.width || box.height !== before.height); \
             globalThis.clicked = new Promise((resolve) => addEventListener('click', (event) => {{ \
             const is_it = one.contains(event.target); setTimeout(() => resolve(is_it)); }}, {{ capture: true, once: true }})); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
        assert_eq!(self.value("clicked"), true, "{selector} is clicked");
    }

    /// Seconds that the page's thread has worked since the page was opened.
    pub fn seconds_of_work(&mut self) -> f64 {
        let metrics = self.call("Performance.getMetrics", json!({}));
        let metrics = metrics["metrics"].as_array().expect("a list");
        metrics.iter().find(|one| one["name"] == "TaskDuration").and_then(|one| one["value"].as_f64()).expect("a time")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
