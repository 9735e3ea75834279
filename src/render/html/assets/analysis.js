// The page of an analysis.
const places = el("nav", { class: "places", "aria-label": "parts of the page" });
function section(id, title, ...children) {
  page.append(el("h2", { id }, title), ...children.filter(Boolean));
  places.append(el("a", { href: "#" + id }, say(title).split(/[:：]/)[0]));
}
const leftOut = (name) => (data.left_out[name] ? el("p", { class: "warning" }, data.left_out[name] + " more found no room in this page; netlab analyze FILE and --json have all.") : null);
// As in the report: that of the handshake, else the least.
const roundTrip = (c) => c.opening.rtt_ns ?? c.round_trip?.min_ns;
const again = (c) => Object.entries(c.counts).filter(([code]) => REPEATS.test(code)).reduce((sum, [, count]) => sum + count, 0);

function summary() {
  const head = el("header");
  for (const capture of data.captures) {
    head.append(el("h1", {}, raw(capture.file)));
    const facts = [["packets", capture.packets], ["octets", octets(capture.octets)]];
    if (capture.first_ns !== undefined) facts.push(["time", span(capture.last_ns - capture.first_ns)]);
    if (capture === data.captures[0]) facts.push(["TCP connections", data.connections.length + (data.left_out.connections || 0)], ["UDP conversations", data.udp.length + (data.left_out.udp || 0)], ["findings", data.findings.length]);
    if (capture.cut) facts.push(["cut", capture.cut]);
    if (capture.dropped) facts.push(["lost by the capture", capture.dropped]);
    head.append(el("div", { class: "cards" }, ...facts.map(([name, value]) => el("div", { class: "card" }, el("b", {}, value), name))));
    if (capture.first_ns !== undefined) head.append(el("p", { class: "dim" }, "from " + moment(capture.first_ns) + " UTC · " + capture.links.join(", ")));
    if (capture.damage) head.append(el("p", { class: "error" }, capture.damage));
  }
  page.append(head, places);
}
function health() {
  const h = data.health;
  if (!h.packets) return;
  const lines = [];
  const tell = (count, words) => { if (count) lines.push(say(count + " " + words)); };
  tell(h.cut, "cut short by the snap length"); tell(h.malformed, "malformed"); tell(h.loopback, "on a loopback interface"); tell(h.kernel_drops, "lost by the capturing side");
  tell(h.checksums.bad, "with a wrong checksum"); tell(h.checksums.partial + h.checksums.bad_at_source, "whose checksum was left to the sender's card"); tell(h.one_sided, "conversations of which one direction was captured"); tell(h.time_backwards, "steps back in time");
  section("health", "Health of the capture", el("div", { class: "box health" + (h.doubts.length ? " doubt" : "") }, lines.length ? el("p", {}, lines.join(say("; ")) + say(".")) : null,
    ...(h.doubts.length ? h.doubts.map((doubt) => el("p", { class: "warning" }, doubt.text)) : [el("p", {}, "Nothing in the capture itself speaks against the findings.")])));
}
function findings() {
  if (!data.findings.length) return section("findings", "Findings", el("p", { class: "dim" }, "Nothing that speaks of trouble."));
  const level = { error: 0, warning: 1, note: 2, chat: 3 };
  const about = (f) => data.codes.list[f.code];
  section("findings", "Findings", el("p", { class: "dim small" }, "Choose one to see what it means, why it happens, and the rule that decided."), table([
    col("level", (f) => el("span", { class: about(f).severity }, about(f).severity), false, (f) => level[about(f).severity]),
    col("what", (f) => f.text), col("times", (f) => f.count, true), col("packets", (f) => listed(f.packets, f.count)),
    col("connection", (f) => (f.connection === undefined ? "" : f.connection), true, (f) => f.connection ?? -1), col("rule", (f) => f.rule), col("sure", (f) => f.confidence),
  ], data.findings, { find: "find a finding", open: (f) => el("div", {}, explained(f.code, f.rule, f.confidence), f.weakened_by ? el("p", { class: "warning" }, "Believe it less, for the capture has doubts: " + f.weakened_by.map(say).join(say(", ")) + ".") : null,
    f.connection === undefined ? null : button("show connection " + f.connection, () => openConnection(f.connection))) }), leftOut("findings"));
}
function connections() {
  if (!data.connections.length) return;
  const times = new Map(data.connections.map((c, place) => [c, data.times[place]]));
  const list = table([
    col("#", (c) => c.id, true), col("A", (c) => end(c.initiator)), col("B", (c) => end(c.responder)),
    col("opening", (c) => c.opening.kind), col("closing", (c) => c.closing.kind),
    col("A → B", (c) => octets(c.payload_octets.initiator), true, (c) => c.payload_octets.initiator),
    col("B → A", (c) => octets(c.payload_octets.responder), true, (c) => c.payload_octets.responder),
    col("begins", (c) => span(times.get(c)[0]), true, (c) => times.get(c)[0]),
    col("lasts", (c) => span(times.get(c)[1]), true, (c) => times.get(c)[1]),
    col("round trip", (c) => (roundTrip(c) === undefined ? "" : span(roundTrip(c))), true, (c) => roundTrip(c) ?? -1),
    col("sent again", (c) => again(c) || "", true, again),
  ], data.connections, { go: (c) => openConnection(c.id), limit: 50, find: "find an address, a port, a kind" });
  section("connections", "TCP connections", el("p", { class: "dim screen" }, "Choose one to see its ladder, its graphs and its messages."), list, leftOut("connections"),
    data.packets.left_out ? el("p", { class: "warning" }, data.packets.left_out + " packets of connections found no room in this page: it holds " + (Object.values(data.packets.connections).reduce((sum, one) => sum + one.n.length, 0)) + ", those that came first.") : null, detail);
  for (const server of data.talks.servers) page.append(el("p", {}, "The server " + server.server + " serves one client at a time: " + server.waits.slice(0, 5).map((wait) => say("connection " + wait.connection + " waited " + span(wait.waited_ns) + " behind connection " + wait.behind)).join(say("; ")) + "."));
}
function datagrams() {
  if (data.udp.length) section("udp", "UDP conversations", table([col("#", (u) => u.id, true), col("A", (u) => end(u.a)), col("B", (u) => end(u.b)), col("A → B", (u) => u.packets.a, true), col("octets", (u) => octets(u.payload_octets.a), true, (u) => u.payload_octets.a), col("B → A", (u) => u.packets.b, true), col("octets", (u) => octets(u.payload_octets.b), true, (u) => u.payload_octets.b),
    col("questions", (u) => u.questions || "", true), col("answered", (u) => u.answered || "", true), col("mean answer", (u) => (u.mean_latency_ns === undefined ? "" : span(u.mean_latency_ns)), true, (u) => u.mean_latency_ns ?? -1), col("refused", (u) => u.refused || "", true)], data.udp, { limit: 20, find: "find an address or a port" }), leftOut("udp"));
  if (data.fragments.length) section("fragments", "Fragmented datagrams", el("p", { class: "dim small" }, "Choose one to see its pieces."), table([col("#", (f) => f.datagram, true), col("from", (f) => f.source + (f.source_port === undefined ? "" : ":" + f.source_port)), col("to", (f) => f.destination + (f.destination_port === undefined ? "" : ":" + f.destination_port)), col("identification", (f) => f.identification, true), col("packets", (f) => listed(f.packets, f.packet_count)), col("octets", (f) => f.octets ?? "", true),
    col("outcome", (f) => el("span", { class: f.outcome === "complete" ? "chat" : "warning" }, f.outcome))], data.fragments, { open: fragmentDetail, limit: 20, find: "find a datagram" }), leftOut("fragments"));
  const { pings, errors } = data.icmp;
  if (pings.length || errors.length) section("icmp", "ICMP", pings.length ? table([col("from", (p) => p.source), col("to", (p) => p.destination), col("sent", (p) => p.sent, true), col("answered", (p) => p.answered, true), col("lost", (p) => p.lost || "", true), col("least round trip", (p) => (p.least_rtt_ns === undefined ? "" : span(p.least_rtt_ns)), true, (p) => p.least_rtt_ns ?? -1), col("mean", (p) => (p.mean_rtt_ns === undefined ? "" : span(p.mean_rtt_ns)), true, (p) => p.mean_rtt_ns ?? -1), col("first packet", (p) => p.first_packet, true)], pings.slice(0, 5000), { limit: 20 }) : null,
    errors.length ? table([col("says", (e) => e.from), col("what", (e) => e.meaning), col("about", (e) => (e.quoted ? e.quoted.source + (e.quoted.source_port === undefined ? "" : ":" + e.quoted.source_port) + " → " + e.quoted.destination + (e.quoted.destination_port === undefined ? "" : ":" + e.quoted.destination_port) : "")), col("times", (e) => e.packets, true), col("first packet", (e) => e.first_packet, true)], errors.slice(0, 5000), { limit: 20 }) : null,
    data.path_mtu.length ? el("h3", {}, "Path MTU") : null, data.path_mtu.length ? table([col("packet", (m) => m.packet, true), col("by", (m) => m.by), col("MTU", (m) => m.mtu, true), col("too large", (m) => m.size, true), col("effect", (m) => m.effect)], data.path_mtu, { limit: 20 }) : null);
}
function link() {
  arpSection();
  const b = data.broadcasts;
  if (b.storms.length || b.flooded.length) section("storms", "Storms and flooding", ...b.storms.slice(0, 20).map((storm) => el("p", { class: "error" }, "A frame of " + storm.source + " went round: " + storm.copies + " copies in " + span(storm.last_ns - storm.first_ns) + ", packets " + storm.first_packet + " to " + storm.last_packet + ".")),
    ...b.flooded.slice(0, 20).map((flood) => el("p", {}, many(flood.frames, "frame") + " for " + flood.destination + " were flooded: the switch does not know where it is.")));
  if (data.hosts.length) section("machines", "Machines of the link", table([col("MAC address", (h) => el("span", { class: "mono" }, h.mac)), col("vendor", (h) => raw(h.vendor || "")), col("addresses", (h) => h.addresses.map((one) => one.address).join(", ")), col("kind", (h) => (h.router ? "router for " + many(h.sources, "address") : h.kind)), col("sent", (h) => h.packets_sent, true), col("received", (h) => h.packets_received, true)], data.hosts, { limit: 20, find: "find a machine" }), leftOut("hosts"));
}
function rest() {
  if (data.protocols.length) section("protocols", "Protocols", table([col("layers", (p) => p.path.replaceAll("/", " / ")), col("packets", (p) => p.packets, true), col("octets", (p) => octets(p.octets), true, (p) => p.octets)], data.protocols, { limit: 20 }));
  if (data.endpoints.length) section("endpoints", "End points", table([col("address", (e) => e.address), col("sent", (e) => e.packets_sent, true), col("octets sent", (e) => octets(e.octets_sent), true, (e) => e.octets_sent),
    col("received", (e) => e.packets_received, true), col("octets received", (e) => octets(e.octets_received), true, (e) => e.octets_received)], data.endpoints, { limit: 20, find: "find an address" }), leftOut("endpoints"));
  if (data.remarks.length) section("remarks", "What the capture says beside its packets", ...data.remarks.slice(0, 50).map((text) => el("p", {}, raw(text))));
  page.append(el("p", { class: "dim small" }, "Made by netlab. This page needs no network."));
}

summary();
health();
findings();
connections();
datagrams();
link();
rest();
document.body.dataset.ready = "yes";
