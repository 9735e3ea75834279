//! `captures/tutorial.pcapng`: one real session, recorded by netlab itself between two hosts that are joined by a cable.
//!
//! The hosts are network namespaces of this machine, 192.0.2.1 and 192.0.2.2, the cable is a veth pair with its offloads
//! switched off, so that every sum is in place and every frame is as long as on a wire. The programs are the system's ping
//! and the few sockets below. Needs root, `ip`, `ethtool` and `ping`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const NAME_PORT: u16 = 53;
const ECHO_PORT: u16 = 8898;
const LARGE_PORT: u16 = 9000;
/// Octets of the large datagram: with its UDP header three fragments of an MTU of 1500.
const LARGE_LEN: usize = 4000;

/// Records the session into `path`.
pub fn record(path: &Path) -> anyhow::Result<()> {
    let cable = Cable::lay()?;
    let mut capture = cable.start(
        &cable.client,
        Command::new(netlab()?).args(["capture", "-i", "eth0", "--comments", "none", "--no-drop", "-w"]).arg(path),
    )?;
    wait_for(&mut capture, "listening on")?;
    let mut server = cable.start(&cable.server, &mut player("server")?)?;
    wait_for(&mut server, "ready")?;
    ensure!(
        cable.run(&cable.client, Command::new("ping").args(["-q", "-c", "3", "-i", "0.2", &SERVER.to_string()]))?,
        "no answer to ping"
    );
    ensure!(cable.run(&cable.client, &mut player("client")?)?, "the client failed");
    // The last acknowledgment is on its way; then the capture ends as a person would end it.
    thread::sleep(Duration::from_millis(300));
    ensure!(
        Command::new("kill").args(["-INT", &capture.id().to_string()]).status()?.success(),
        "cannot end the capture"
    );
    ensure!(capture.wait()?.success(), "the capture failed");
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
    thread::spawn(move || answer(&names, |question| response(question)));
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

/// Two namespaces joined by a veth pair; gone when dropped.
struct Cable {
    client: String,
    server: String,
}

impl Cable {
    fn lay() -> anyhow::Result<Cable> {
        let cable = Cable {
            client: format!("netlab-client-{}", std::process::id()),
            server: format!("netlab-server-{}", std::process::id()),
        };
        let (client, server) = (&cable.client, &cable.server);
        for namespace in [client, server] {
            ip(&format!("netns add {namespace}"))?;
            // No neighbour discovery in between: the session is IPv4.
            cable.run(
                namespace,
                Command::new("sysctl").args([
                    "-qw",
                    "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv6.conf.default.disable_ipv6=1",
                ]),
            )?;
        }
        ip(&format!("link add eth0 netns {client} type veth peer name eth0 netns {server}"))?;
        for (namespace, address, last) in [(client, CLIENT, "01"), (server, SERVER, "02")] {
            ip(&format!("-n {namespace} link set eth0 address 00:00:5e:00:53:{last}"))?;
            ip(&format!("-n {namespace} addr add {address}/24 dev eth0"))?;
            let off = ["-K", "eth0", "tx", "off", "rx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off"];
            ensure!(cable.run(namespace, Command::new("ethtool").args(off))?, "cannot switch the offloads off");
            ip(&format!("-n {namespace} link set eth0 up"))?;
        }
        Ok(cable)
    }

    /// `command` inside a namespace.
    fn inside(&self, namespace: &str, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
        inside
    }

    fn start(&self, namespace: &str, command: &Command) -> anyhow::Result<Child> {
        Ok(self.inside(namespace, command).stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?)
    }

    fn run(&self, namespace: &str, command: &Command) -> anyhow::Result<bool> {
        Ok(self.inside(namespace, command).stdout(Stdio::null()).status()?.success())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.client, &self.server] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    let status = Command::new("ip").args(arguments.split(' ')).status().context("cannot run ip")?;
    ensure!(status.success(), "ip {arguments}: failed (are you root?)");
    Ok(())
}

/// This program, playing a role.
fn player(role: &str) -> anyhow::Result<Command> {
    let mut player = Command::new(std::env::current_exe()?);
    player.args(["captures", "--play", role]);
    Ok(player)
}

/// The netlab that belongs to this program, built if it is not there.
fn netlab() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program without a folder")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "netlab", "--bin", "netlab"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    ensure!(build.current_dir(crate::root()).status()?.success(), "netlab does not build");
    Ok(folder.join("netlab"))
}

/// Reads what a program says until it says `word`; what it says later is read by a thread.
fn wait_for(child: &mut Child, word: &str) -> anyhow::Result<()> {
    let mut lines = BufReader::new(child.stderr.take().context("its words are not heard")?).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line?;
        if line.contains(word) {
            thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
            return Ok(());
        }
        said.push_str(&line);
    }
    anyhow::bail!("it ended: {said}")
}
