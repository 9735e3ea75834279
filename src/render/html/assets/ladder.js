// The ladder: both ends as uprights, each packet an arrow between them, with states, waits, and what is said of it.
const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
const REPEATS = /retransmission|tail-loss-probe|resend|late-or-resent/;

// A connection's columns become packets.
function packetsOf(id) {
  const columns = data.packets.connections[id];
  if (!columns) return [];
  let number = 0, time = 0;
  const packets = columns.n.map((step, index) => {
    number += step; time += columns.t[index];
    const bits = columns.f[index];
    return { n: number, t: time, a: bits >= 65536, bits, s: columns.s[index], k: columns.k[index], w: columns.w[index], l: columns.l[index],
      states: [data.packets.states[columns.e[index] >> 5] || "", data.packets.states[columns.e[index] & 31] || ""], notes: [],
      has: (flag) => (bits >> FLAGS.indexOf(flag)) & 1 };
  });
  for (const [place, nanos] of columns.r) packets[place].rtt = nanos;
  for (const [place, text] of columns.p) packets[place].text = text;
  for (const place of columns.x) packets[place].lost = true;
  for (const [place, code, text, confidence, rule] of columns.o) {
    packets[place].notes.push({ code, text, confidence, rule });
    if (REPEATS.test(data.codes.list[code].code)) packets[place].again = true;
  }
  return packets;
}
function flagNames(bits) {
  const names = FLAGS.filter((name, place) => (bits >> place) & 1 && name !== "ACK" && name !== "PSH");
  if ((bits >> 4) & 1) names.push("ACK");
  return names.join(",");
}
function noteLine(note) {
  const about = data.codes.list[note.code];
  const more = el("div", { class: "box", hidden: true });
  const line = el("button", { type: "button", class: about.severity, "aria-expanded": "false", onclick: () => {
    if (!more.firstChild) more.append(explained(note.code, note.rule, note.confidence));
    more.hidden = !more.hidden;
    line.setAttribute("aria-expanded", String(!more.hidden));
  } }, "· " + note.text + " ", el("span", { class: "dim small" }, "[" + (note.rule || about.rule) + "]"));
  return el("div", { class: "said" }, line, more);
}
function arrow(p) {
  const right = p.a, tip = right ? "M0 6l-9-4.5v9z" : "M0 6l9-4.5v9z", cross = "M-5 1l10 10M-5 11l10-10";
  const stop = p.lost ? (right ? "75%" : "25%") : right ? "100%" : "0%";
  const svg = draw("svg", { "aria-hidden": "true" }, draw("line", { x1: right ? "0%" : "100%", x2: stop, y1: 6, y2: 6 }));
  svg.append(draw("svg", { x: stop, y: 0, overflow: "visible" }, draw("path", { d: p.lost ? cross : tip })));
  return svg;
}
function rung(p, before) {
  const state = (side) => (before && before.states[side] === p.states[side] ? "" : p.states[side]);
  const label = flagNames(p.bits) + " seq " + p.s + (p.has("ACK") ? " ack " + p.k : "") + (p.l ? " len " + p.l : "") + " win " + p.w;
  return el("div", { class: "rung" + (p.a ? "" : " fromb") + (p.again ? " again" : "") + (p.lost ? " lost" : ""), id: "packet-" + p.n },
    el("div", { class: "num" }, p.n), el("div", { class: "when" }, span(p.t)), el("div", { class: "sa", title: p.states[0] }, state(0)),
    el("div", { class: "lane" }, el("div", { class: "label" }, label + " ", p.text && el("span", { class: "mono dim" }, raw("“" + p.text + "”")), p.lost && el("span", { class: "error" }, " lost on its way")), arrow(p)),
    el("div", { class: "sb", title: p.states[1] }, state(1)), ...p.notes.map(noteLine));
}
function ladder(connection, packets) {
  const rows = el("div", { class: "ladder" }, el("div", { class: "rung head" }, el("div", { class: "num" }, "#"), el("div", { class: "when" }, "after"), el("div", { class: "sa" }, "state of A"),
    el("div", { class: "lane" }, el("span", {}, "A " + end(connection.initiator)), el("span", {}, "B " + end(connection.responder))), el("div", { class: "sb" }, "state of B")));
  const whole = packets[packets.length - 1].t;
  let shown = 0;
  const more = button("", () => step());
  function step() {
    for (const p of packets.slice(shown, shown + 200)) {
      const before = packets[shown - 1];
      if (before && p.t - before.t > Math.max(whole / 12, 1e6)) rows.append(el("div", { class: "pass" }, "⋮ " + span(p.t - before.t) + " pass ⋮"));
      rows.append(rung(p, before));
      shown++;
    }
    more.hidden = shown >= packets.length;
    more.textContent = say("show the next of " + packets.length + " packets");
  }
  step();
  return el("div", {}, el("p", { class: "dim small" }, "Numbers are relative to each side's first. A line below an arrow says what netlab concluded; choose it to see why. Red arrows were sent again, a cross was lost behind the place of the capture."), rows, more);
}
