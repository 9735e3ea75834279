//! What real `recv` calls returned is among what netlab predicts from the capture of the same connections.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use netlab::analysis::messages::recv::{Arrivals, Returned};
use netlab::analysis::messages::stream::{Conversation, Side};
use netlab::analysis::{Analyzer, Judged, Note};
use netlab::base::Rng;
use netlab::capture::{self, OpenOptions};
use netlab::packet::Remark;
use netlab::pipeline::{self, Patience, Sink};

use crate::lab::{B, Lab};

const CONNECTIONS: u64 = 300;
const PORT: u16 = 8080;

/// Collects the streams of all connections by the client's port.
#[derive(Default)]
struct Streams(BTreeMap<u16, Conversation>);

impl Sink for Streams {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> std::io::Result<ControlFlow<()>> {
        if let (Some(id), Some((source, destination))) = (judged.context.connection, judged.packet.frame.ports()) {
            let port = if source == PORT { destination } else { source };
            let begin = || Conversation::begin(id, judged).expect("a TCP packet");
            self.0.entry(port).or_insert_with(begin).observe(judged);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn remark(&mut self, _: &Remark) -> std::io::Result<()> {
        Ok(())
    }

    fn late_note(&mut self, _: &Note) -> std::io::Result<()> {
        Ok(())
    }

    fn idle(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sizes of the calls of one connection: the same on both sides of the experiment.
fn sizes(number: u64) -> Vec<usize> {
    let mut rng = Rng::new(number);
    (0..2 + rng.below(4)).map(|_| 1 + rng.below(12) as usize).collect()
}

fn nap(rng: &mut Rng) {
    thread::sleep(Duration::from_micros(rng.below(4) * rng.below(600)));
}

#[test]
fn every_result_of_real_recv_calls_is_among_the_predicted() {
    let Some(lab) = Lab::new(&[]) else { return };
    let file = lab.file("recv.pcapng");
    let capture = lab.capture(&lab.b, &["eth0", "-w", file.to_str().expect("UTF-8"), "--comments", "none"]);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let server = lab.spawn_on(&lab.b, move || {
        let listener = TcpListener::bind((B, PORT)).expect("the port is free");
        ready.send(()).expect("somebody waits");
        let mut results = BTreeMap::new();
        for number in 0..CONNECTIONS {
            let (mut stream, client) = listener.accept().expect("a client");
            let mut rng = Rng::new(number).fork(1);
            let mut taken = 0;
            let mut series = Vec::new();
            for size in sizes(number) {
                nap(&mut rng);
                let len = stream.read(&mut vec![0; size]).expect("octets or the end");
                series.push(if len == 0 { Returned::Nothing } else { Returned::Octets(taken, len) });
                taken += len;
            }
            // Whatever is left is read too, so that no reset disturbs the next one.
            let _ = stream.read_to_end(&mut Vec::new());
            results.insert(client.port(), (number, series));
        }
        results
    });
    is_ready.recv().expect("the server listens");
    lab.on(&lab.a, || {
        for number in 0..CONNECTIONS {
            let mut stream = TcpStream::connect((B, PORT)).expect("the server listens");
            let mut rng = Rng::new(number).fork(2);
            stream.set_nodelay(rng.below(2) == 0).expect("an option");
            for _ in 0..1 + rng.below(5) {
                stream.write_all(&vec![b'x'; 1 + rng.below(9) as usize]).expect("the server reads");
                nap(&mut rng);
            }
        }
    });
    let results = server.join().expect("the server ends");
    lab.wait_until_tcp_is_silent(&lab.a);
    lab.wait_until_tcp_is_silent(&lab.b);
    let ended = capture.interrupt();
    assert!(ended.status.success() && ended.count(" dropped by kernel") == 0, "{}", ended.stderr);

    let mut source = capture::open(&[&file], &OpenOptions::default()).expect("the capture opens");
    let mut streams = Streams::default();
    let mut analyzer = Analyzer::new();
    pipeline::run(&mut source, None, &mut analyzer, &mut streams, Patience::Hold).expect("the capture is read");
    let mut kinds = std::collections::BTreeSet::new();
    for (port, (number, series)) in &results {
        let conversation = &streams.0[port];
        let arrivals = Arrivals::of(conversation.flow(Side::Initiator));
        let prediction = arrivals.predict(&sizes(*number));
        assert!(prediction.allows(&arrivals, series), "connection {number}: {series:?} is not in {prediction:?}");
        if let Some(outcomes) = &prediction.outcomes {
            assert!(outcomes.contains(series), "connection {number}: {series:?} is not in {outcomes:?}");
            kinds.insert(outcomes.len().min(8));
        }
    }
    assert_eq!(results.len() as u64, CONNECTIONS);
    assert!(kinds.len() > 3, "the experiment was varied: {kinds:?}");
}
