//! The tutorial's sessions, recorded from real programs: what its Python programs do with sockets, done here with the same
//! calls in the same order, between two hosts joined by a cable.
//!
//! Each session is a server and a client. The recorder starts both inside their namespaces and stops when the client has
//! ended.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};

use super::cable::{CLIENT, Cable, SERVER, player};

/// A session: its capture, what it shows, and its two programs.
pub struct Session {
    /// The capture's name.
    pub name: &'static str,
    /// What it shows, one sentence without a final stop.
    pub shows: &'static str,
    serve: fn() -> anyhow::Result<()>,
    ask: fn() -> anyhow::Result<()>,
}

const PORT: u16 = 8080;
const KEY: &[u8] = b"netlab example key";

/// All sessions.
pub const SESSIONS: &[Session] = &[
    Session {
        name: "tcp-echo.pcapng",
        shows: "a TCP echo: hello! is answered with hi",
        serve: || {
            serve_one(|stream| {
                recv(stream, 1024)?;
                send(stream, b"hi")
            })
        },
        ask: || {
            let mut stream = connect()?;
            send(&mut stream, b"hello!")?;
            recv(&mut stream, 1024)?;
            Ok(())
        },
    },
    Session {
        name: "udp-echo.pcapng",
        shows: "UDP datagrams of 5, 0 and 2000 octets and their answers; recvfrom(1024) loses 976 of the last",
        serve: serve_udp,
        ask: ask_udp,
    },
    Session {
        name: "sticky-1.pcapng",
        shows: "two sends, hello and egg, that a later recv(10) gets as one",
        serve: || {
            serve_one(|stream| {
                pause(50);
                recv(stream, 10)?;
                recv(stream, 10)?;
                Ok(())
            })
        },
        ask: || {
            let mut stream = connect()?;
            send(&mut stream, b"hello")?;
            send(&mut stream, b"egg")
        },
    },
    Session {
        name: "sticky-2.pcapng",
        shows: "one send, hello egg, that recv(2) and recv(10) get in two parts",
        serve: || {
            serve_one(|stream| {
                ensure!(recv(stream, 2)? == b"he", "recv(2)");
                ensure!(recv(stream, 10)? == b"llo egg", "recv(10)");
                Ok(())
            })
        },
        ask: || {
            let mut stream = connect()?;
            send(&mut stream, b"hello egg")?;
            pause(50);
            Ok(())
        },
    },
    Session {
        name: "command-lockstep.pcapng",
        shows: "remote commands: the answer's length in digits, recv_ready, the answer; the client then reads too little and loses step",
        serve: || {
            serve_one(|stream| {
                for len in [2700, 900] {
                    if recv(stream, 1024)?.is_empty() {
                        break;
                    }
                    pause(20);
                    send(stream, len.to_string().as_bytes())?;
                    if recv(stream, 1024).is_ok_and(|word| word == b"recv_ready") {
                        send(stream, &text(len))?;
                    }
                }
                Ok(())
            })
        },
        ask: ask_lockstep,
    },
    Session {
        name: "command-struct.pcapng",
        shows: "remote commands: 4 octets of length, little-endian, sent by themselves, then the answer; six times",
        serve: || {
            serve_one(|stream| {
                while !recv(stream, 1024)?.is_empty() {
                    for len in [2100_usize, 300] {
                        send(stream, &(len as u32).to_le_bytes())?;
                        send(stream, &text(len))?;
                    }
                }
                Ok(())
            })
        },
        ask: || {
            let mut stream = connect()?;
            for command in ["ls", "dir", "ipconfig", "pwd", "date", "uptime"] {
                send(&mut stream, command.as_bytes())?;
                for _ in 0..2 {
                    let len = u32::from_le_bytes(exactly(&mut stream, 4)?.try_into().unwrap_or_default());
                    exactly(&mut stream, len as usize)?;
                }
            }
            Ok(())
        },
    },
    Session {
        name: "command-json.pcapng",
        shows: "remote commands: 4 octets of length, a JSON header with data_size, the answer; six times",
        serve: || {
            serve_one(|stream| {
                for len in [1500_usize, 40, 3000, 7, 800, 1200] {
                    if recv(stream, 1024)?.is_empty() {
                        break;
                    }
                    with_json_header(stream, &format!("{{\"data_size\": {len}}}"), &text(len))?;
                }
                Ok(())
            })
        },
        ask: || {
            let mut stream = connect()?;
            for command in ["ls", "dir", "ipconfig", "pwd", "date", "uptime"] {
                send(&mut stream, command.as_bytes())?;
                let len = u32::from_le_bytes(exactly(&mut stream, 4)?.try_into().unwrap_or_default());
                let header: serde_json::Value = serde_json::from_slice(&exactly(&mut stream, len as usize)?)?;
                exactly(&mut stream, header["data_size"].as_u64().unwrap_or(0) as usize)?;
            }
            Ok(())
        },
    },
    Session {
        name: "upload.pcapng",
        shows: "a file sent after a JSON header with its name, size and md5",
        serve: || {
            serve_one(|stream| {
                let len = u32::from_le_bytes(exactly(stream, 4)?.try_into().unwrap_or_default());
                let header: serde_json::Value = serde_json::from_slice(&exactly(stream, len as usize)?)?;
                exactly(stream, header["file_size"].as_u64().unwrap_or(0) as usize)?;
                send(stream, b"ok")
            })
        },
        ask: || {
            let mut stream = connect()?;
            let file = text(7153);
            let digest: String = Md5::digest(&file).iter().map(|octet| format!("{octet:02x}")).collect();
            let header = format!("{{\"file_size\": {}, \"file_name\": \"a.txt\", \"md5\": \"{digest}\"}}", file.len());
            with_json_header(&mut stream, &header, &file)?;
            ensure!(recv(&mut stream, 1024)? == b"ok", "not accepted");
            Ok(())
        },
    },
    Session {
        name: "hmac-right-key.pcapng",
        shows: "challenge and response: the client knows the key",
        serve: serve_hmac,
        ask: || ask_hmac(KEY),
    },
    Session {
        name: "hmac-wrong-key.pcapng",
        shows: "challenge and response: the client has another key and meets a closed socket",
        serve: serve_hmac,
        ask: || ask_hmac(b"some other key"),
    },
    Session {
        name: "hmac-ignorant.pcapng",
        shows: "challenge and response: a client that does not know the protocol speaks first",
        serve: serve_hmac,
        ask: || {
            let mut stream = connect()?;
            send(&mut stream, b"hello")?;
            recv(&mut stream, 1024)?;
            Ok(())
        },
    },
    Session {
        name: "server-serial.pcapng",
        shows: "a server that serves one client at a time: the second waits until the first has gone",
        serve: || {
            let listener = listen()?;
            for stream in listener.incoming().take(2) {
                upper_case(stream?)?;
            }
            Ok(())
        },
        ask: ask_two,
    },
    Session {
        name: "server-threaded.pcapng",
        shows: "a server with a thread for each client: nobody waits",
        serve: || {
            let listener = listen()?;
            let threads: Vec<_> = listener
                .incoming()
                .take(2)
                .map(|stream| thread::spawn(move || stream.map_err(anyhow::Error::from).and_then(upper_case)))
                .collect();
            for thread in threads {
                thread.join().map_err(|_| anyhow::anyhow!("a thread failed"))??;
            }
            Ok(())
        },
        ask: ask_two,
    },
    Session {
        name: "partial-send.pcapng",
        shows: "send takes only what fits: a reader that stops reading, a zero window, and the rest later",
        serve: || {
            serve_one(|stream| {
                pause(1500);
                let mut sum = 0;
                loop {
                    let len = recv(stream, 4096)?.len();
                    if len == 0 {
                        break;
                    }
                    sum += len;
                }
                ensure!(sum > 0, "nothing came");
                Ok(())
            })
        },
        ask: ask_partial,
    },
    Session {
        name: "both-wait.pcapng",
        shows: "an empty command puts nothing on the wire: both programs wait in recv",
        serve: || {
            serve_one(|stream| {
                while !recv(stream, 1024)?.is_empty() {
                    send(stream, b"done")?;
                }
                Ok(())
            })
        },
        ask: || {
            let mut stream = connect()?;
            send(&mut stream, b"ls")?;
            recv(&mut stream, 1024)?;
            send(&mut stream, b"")?;
            stream.set_read_timeout(Some(Duration::from_millis(3500)))?;
            ensure!(stream.read(&mut [0; 16]).is_err(), "an answer to nothing");
            Ok(())
        },
    },
];

/// Records a session into `path`.
pub fn record(session: &Session, path: &Path) -> anyhow::Result<()> {
    let cable = Cable::lay()?;
    if session.name.starts_with("partial") {
        // Small buffers, so that a reader who stops is felt soon and the capture stays small.
        for memory in ["net.ipv4.tcp_rmem=4096 8192 16384", "net.ipv4.tcp_wmem=4096 8192 16384"] {
            ensure!(cable.run_both(Command::new("sysctl").args(["-qw", memory]))?, "cannot set {memory}");
        }
    }
    let recording = cable.record(path)?;
    let play = |role| ["captures", session.name, "--play", role];
    let mut server = cable.serve(&play("server"))?;
    ensure!(cable.run_client(&player(&play("client"))?)?, "{}: the client failed", session.name);
    recording.end()?;
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// Plays one side of a session.
pub fn play(name: &str, role: &str) -> anyhow::Result<()> {
    let session = SESSIONS.iter().find(|session| session.name == name);
    let session = session.ok_or_else(|| anyhow::anyhow!("no such session: {name}"))?;
    match role {
        "server" => (session.serve)(),
        "client" => (session.ask)(),
        _ => anyhow::bail!("no such role: {role}"),
    }
}

fn listen() -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((SERVER, PORT))?;
    eprintln!("ready");
    Ok(listener)
}

fn serve_one(talk: impl Fn(&mut TcpStream) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (mut stream, _) = listen()?.accept()?;
    talk(&mut stream)
}

fn connect() -> anyhow::Result<TcpStream> {
    Ok(TcpStream::connect_timeout(&SocketAddr::from((SERVER, PORT)), Duration::from_secs(2))?)
}

fn send(stream: &mut TcpStream, octets: &[u8]) -> anyhow::Result<()> {
    Ok(stream.write_all(octets)?)
}

/// `recv(n)`: what is there, at most `size` octets; empty when the other side has closed.
fn recv(stream: &mut TcpStream, size: usize) -> anyhow::Result<Vec<u8>> {
    let mut octets = vec![0; size];
    let len = stream.read(&mut octets)?;
    octets.truncate(len);
    Ok(octets)
}

fn exactly(stream: &mut TcpStream, len: usize) -> anyhow::Result<Vec<u8>> {
    let mut octets = vec![0; len];
    stream.read_exact(&mut octets)?;
    Ok(octets)
}

fn pause(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}

/// Text of so many octets, as a command's answer is.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|index| if index % 64 == 63 { b'\n' } else { b'a' + (index * 7 % 26) as u8 }).collect()
}

fn with_json_header(stream: &mut TcpStream, header: &str, body: &[u8]) -> anyhow::Result<()> {
    send(stream, &(header.len() as u32).to_le_bytes())?;
    send(stream, header.as_bytes())?;
    send(stream, body)
}

fn serve_udp() -> anyhow::Result<()> {
    let socket = UdpSocket::bind((SERVER, PORT))?;
    eprintln!("ready");
    let mut octets = [0; 1024];
    for _ in 0..3 {
        let (len, asker) = socket.recv_from(&mut octets)?;
        socket.send_to(&octets[..len], asker)?;
    }
    Ok(())
}

fn ask_udp() -> anyhow::Result<()> {
    let socket = UdpSocket::bind((CLIENT, 40_002))?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    for len in [5, 0, 2000] {
        socket.send_to(&text(len), (SERVER, PORT))?;
        let answered = socket.recv(&mut [0; 65_535])?;
        ensure!(answered == len.min(1024), "{len} octets came back as {answered}");
    }
    Ok(())
}

/// The tutorial's client: it adds up the length of all it has so far instead of what came last, so it stops too early, and
/// takes the rest of the answer for the next length.
fn ask_lockstep() -> anyhow::Result<()> {
    let mut stream = connect()?;
    send(&mut stream, b"ls")?;
    for exchange in 0..2 {
        let announced = recv(&mut stream, 1024)?;
        let Ok(announced) = String::from_utf8_lossy(&announced).parse::<usize>() else {
            // Python's int() fails here, and the program ends.
            return Ok(());
        };
        send(&mut stream, b"recv_ready")?;
        pause(30);
        let (mut all, mut counted) = (Vec::new(), 0);
        while counted < announced {
            all.extend(recv(&mut stream, 1024)?);
            counted += all.len();
        }
        if exchange == 0 {
            send(&mut stream, b"dir")?;
        }
    }
    Ok(())
}

fn serve_hmac() -> anyhow::Result<()> {
    let (mut stream, _) = listen()?.accept()?;
    // A fixed challenge, so that the capture does not change; a real server draws it anew for each client.
    let challenge: [u8; 32] = std::array::from_fn(|index| (index as u8).wrapping_mul(89) ^ 0xa7 ^ (index as u8) << 5);
    send(&mut stream, &challenge)?;
    let expected = Hmac::<Md5>::new_from_slice(KEY)?.chain_update(challenge);
    let answer = recv(&mut stream, 16)?;
    if expected.verify_slice(&answer).is_ok() {
        let name = recv(&mut stream, 1024)?;
        send(&mut stream, &[b"welcome, ", name.as_slice()].concat())?;
    }
    Ok(())
}

fn ask_hmac(key: &[u8]) -> anyhow::Result<()> {
    let mut stream = connect()?;
    let challenge = recv(&mut stream, 32)?;
    let answer = Hmac::<Md5>::new_from_slice(key)?.chain_update(&challenge).finalize().into_bytes();
    send(&mut stream, &answer)?;
    pause(30);
    // With a wrong key the server has closed by now, and this meets a closed socket.
    send(&mut stream, b"alice")?;
    let _ = recv(&mut stream, 1024);
    Ok(())
}

fn upper_case(mut stream: TcpStream) -> anyhow::Result<()> {
    loop {
        let words = recv(&mut stream, 1024)?;
        if words.is_empty() {
            return Ok(());
        }
        send(&mut stream, &words.to_ascii_uppercase())?;
    }
}

/// Two clients: the first talks for a while, the second comes in between.
fn ask_two() -> anyhow::Result<()> {
    let mut first = connect()?;
    send(&mut first, b"one")?;
    recv(&mut first, 1024)?;
    let mut second = connect()?;
    send(&mut second, b"two")?;
    for word in ["three", "four"] {
        pause(100);
        send(&mut first, word.as_bytes())?;
        recv(&mut first, 1024)?;
    }
    drop(first);
    ensure!(recv(&mut second, 1024)? == b"TWO", "the second client was not served");
    Ok(())
}

/// A sender whose `send` takes only a part, for the reader does not read.
fn ask_partial() -> anyhow::Result<()> {
    let mut stream = connect()?;
    stream.set_nonblocking(true)?;
    let chunk = text(4096);
    let mut sent = 0;
    while sent < 16_000_000 {
        match stream.write(&chunk) {
            Ok(len) => sent += len,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error.into()),
        }
    }
    stream.set_nonblocking(false)?;
    send(&mut stream, b"the end")?;
    stream.shutdown(Shutdown::Write)?;
    pause(200);
    Ok(())
}
