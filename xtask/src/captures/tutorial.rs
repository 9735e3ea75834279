//! `captures/tutorial.pcapng`: one real session, recorded by netlab itself between two hosts that are joined by a cable.
//!
//! The programs are the system's ping and the few sockets below.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::ensure;

use super::cable::{CLIENT, Cable, SERVER, player};

const NAME_PORT: u16 = 53;
const ECHO_PORT: u16 = 8898;
const LARGE_PORT: u16 = 9000;
/// Octets of the large datagram: with its UDP header three fragments of an MTU of 1500.
const LARGE_LEN: usize = 4000;

/// Records the session into `path`.
pub fn record(path: &Path) -> anyhow::Result<()> {
    let cable = Cable::lay()?;
    let recording = cable.record(path)?;
    let mut server = cable.serve(&["captures", "--play", "server"])?;
    ensure!(
        cable.run_client(Command::new("ping").args(["-q", "-c", "3", "-i", "0.2", &SERVER.to_string()]))?,
        "no answer to ping"
    );
    ensure!(cable.run_client(&player(&["captures", "--play", "client"])?)?, "the client failed");
    recording.end()?;
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// Plays one of the two hosts, inside its namespace.
pub fn play(role: &str) -> anyhow::Result<()> {
    match role {
        "server" => serve(),
        "client" => ask(),
        _ => anyhow::bail!("no such role: {role}"),
    }
}

fn serve() -> anyhow::Result<()> {
    let names = UdpSocket::bind((SERVER, NAME_PORT))?;
    let large = UdpSocket::bind((SERVER, LARGE_PORT))?;
    let echo = TcpListener::bind((SERVER, ECHO_PORT))?;
    thread::spawn(move || answer(&names, response));
    thread::spawn(move || answer(&large, |datagram| format!("{} octets arrived", datagram.len()).into_bytes()));
    eprintln!("ready");
    for stream in echo.incoming() {
        echo_until_closed(stream?)?;
    }
    Ok(())
}

fn answer(socket: &UdpSocket, reply: impl Fn(&[u8]) -> Vec<u8>) {
    let mut octets = vec![0; 65_536];
    while let Ok((len, asker)) = socket.recv_from(&mut octets) {
        let _ = socket.send_to(&reply(&octets[..len]), asker);
    }
}

fn echo_until_closed(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut octets = [0; 1024];
    loop {
        let len = stream.read(&mut octets)?;
        if len == 0 {
            break;
        }
        stream.write_all(&octets[..len])?;
    }
    // Long enough for the kernel to acknowledge the other side's FIN by itself: four segments close the connection. A
    // server that closes at once sends its FIN with that acknowledgment, and three suffice.
    thread::sleep(Duration::from_millis(150));
    Ok(())
}

fn ask() -> anyhow::Result<()> {
    let names = UdpSocket::bind((CLIENT, 53_000))?;
    names.send_to(&question(0x2a01, "www.example.com"), (SERVER, NAME_PORT))?;
    ensure!(receive(&names)?.ends_with(&[192, 0, 2, 80]), "another answer than expected");

    let mut echo = TcpStream::connect_timeout(&SocketAddr::from((SERVER, ECHO_PORT)), Duration::from_secs(2))?;
    for message in ["hello!", "is anybody there?", "bye"] {
        echo.write_all(message.as_bytes())?;
        let mut octets = vec![0; message.len()];
        echo.read_exact(&mut octets)?;
        ensure!(octets == message.as_bytes(), "not what was sent");
    }
    echo.shutdown(Shutdown::Write)?;
    ensure!(echo.read(&mut [0])? == 0, "more than was sent");
    drop(echo);

    let large = UdpSocket::bind((CLIENT, 40_001))?;
    let datagram: Vec<u8> = (0..LARGE_LEN).map(|index| b'a' + (index % 26) as u8).collect();
    large.send_to(&datagram, (SERVER, LARGE_PORT))?;
    ensure!(receive(&large)?.starts_with(b"4000 octets"), "the large datagram did not arrive");
    Ok(())
}

fn receive(socket: &UdpSocket) -> anyhow::Result<Vec<u8>> {
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut octets = vec![0; 1024];
    let len = socket.recv(&mut octets)?;
    octets.truncate(len);
    Ok(octets)
}

/// A DNS question for the IPv4 address of `name` (RFC 1035 §4.1).
fn question(identifier: u16, name: &str) -> Vec<u8> {
    let mut message = identifier.to_be_bytes().to_vec();
    message.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]); // Recursion desired; one question.
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]); // End of the name; type A, class IN.
    message
}

/// The answer to a question of ours: 192.0.2.80, for five minutes.
fn response(question: &[u8]) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80]); // A response; recursion desired and available.
    message[7] = 1; // One answer: the name at offset 12, type A, class IN.
    message.extend([0xc0, 12, 0, 1, 0, 1]);
    message.extend(300_u32.to_be_bytes());
    message.extend([0, 4, 192, 0, 2, 80]);
    message
}
