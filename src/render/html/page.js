"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");
const SVG = "http://www.w3.org/2000/svg";

// Elements are made from text, never from markup: whatever a packet says stays text.
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}
function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function octets(count) {
  if (count < 10000) return count + " B";
  let value = count;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    value /= 1000;
    if (value < 999.5 || unit === "TB") return value.toPrecision(3) + " " + unit;
  }
}
function span(nanos) {
  if (nanos < 1e3) return nanos + " ns";
  if (nanos < 999500) return (nanos / 1e3).toPrecision(3) + " µs";
  if (nanos < 999500000) return (nanos / 1e6).toPrecision(3) + " ms";
  if (nanos < 120e9) return (nanos / 1e9).toPrecision(3) + " s";
  return Math.floor(nanos / 60e9) + " min " + Math.round((nanos / 1e9) % 60) + " s";
}
function moment(nanos) { return new Date(nanos / 1e6).toISOString().replace("T", " "); }
const end = (side) => (side.address.includes(":") ? "[" + side.address + "]" : side.address) + ":" + side.port;

// A table whose columns sort; a row may lead somewhere. Long ones show more on demand.
function table(columns, rows, go, limit = 200) {
  const body = el("tbody");
  let order = rows.slice(), shown = limit, sorted = null, up = true;
  const more = el("button", { onclick: () => { shown += 1000; fill(); } }, "show more");
  function fill() {
    body.replaceChildren(...order.slice(0, shown).map((row) => {
      const cells = columns.map((column) => {
        const value = column.show(row);
        return el("td", { class: column.number ? "n" : undefined }, value instanceof Node ? value : String(value));
      });
      return el("tr", go ? { class: "go", tabindex: 0, onclick: () => go(row),
        onkeydown: (event) => { if (event.key === "Enter") go(row); } } : {}, ...cells);
    }));
    more.hidden = shown >= order.length;
  }
  const heads = columns.map((column) => {
    const sort = () => {
      up = sorted === column ? !up : !column.number;
      sorted = column;
      const key = column.key || column.show;
      order.sort((x, y) => { const a = key(x), b = key(y); return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1); });
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[columns.indexOf(column)].setAttribute("aria-sort", up ? "ascending" : "descending");
      fill();
    };
    return el("th", { class: column.number ? "n" : undefined, tabindex: 0, onclick: sort,
      onkeydown: (event) => { if (event.key === "Enter") sort(); } }, column.name);
  });
  fill();
  const whole = el("div", {}, el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body)), more);
  whole.filter = (words) => {
    const wanted = words.toLowerCase();
    order = rows.filter((row) => columns.some((column) => {
      const value = column.show(row);
      return (value instanceof Node ? value.textContent : String(value)).toLowerCase().includes(wanted);
    }));
    shown = limit; fill();
  };
  return whole;
}
const col = (name, show, number, key) => ({ name, show, number, key });
function section(title, ...children) { page.append(el("h2", {}, title), ...children); }

function summary() {
  for (const capture of data.captures) {
    page.append(el("h1", {}, capture.file));
    const facts = [["packets", capture.packets], ["octets", octets(capture.octets)]];
    if (capture.first_ns !== undefined) facts.push(["time", span(capture.last_ns - capture.first_ns)]);
    facts.push(["TCP connections", data.connections.length], ["findings", data.findings.length]);
    if (capture.cut) facts.push(["cut", capture.cut]);
    if (capture.dropped) facts.push(["lost by the capture", capture.dropped]);
    page.append(el("div", { class: "cards" }, ...facts.map(([name, value]) => el("div", { class: "card" }, el("b", {}, String(value)), name))));
    if (capture.first_ns !== undefined) page.append(el("p", { class: "dim" }, "from " + moment(capture.first_ns) + " · " + capture.links.join(", ")));
    if (capture.damage) page.append(el("p", { class: "error" }, capture.damage));
  }
  const doubts = data.health.doubts || [];
  if (doubts.length) section("Health of the capture", ...doubts.map((doubt) => el("p", {}, typeof doubt === "string" ? doubt : doubt.text || JSON.stringify(doubt))));
}

function findings() {
  if (!data.findings.length) return section("Findings", el("p", { class: "dim" }, "nothing that speaks of trouble"));
  const level = { error: 0, warning: 1, note: 2, chat: 3 };
  section("Findings", table([
    col("level", (f) => el("span", { class: f.severity }, f.severity), false, (f) => level[f.severity]),
    col("what", (f) => f.text), col("times", (f) => f.count, true), col("packets", (f) => f.packets.slice(0, 5).join(", ") + (f.count > 5 ? ", …" : "")),
    col("connection", (f) => f.connection === undefined ? "" : f.connection, true), col("rule", (f) => f.rule), col("sure", (f) => f.confidence),
  ], data.findings, (f) => { if (f.connection !== undefined) open(f.connection); }));
}

const detail = el("div", { id: "connection" });
function connections() {
  if (!data.connections.length) return;
  const list = table([
    col("#", (c) => c.id, true), col("A", (c) => end(c.initiator)), col("B", (c) => end(c.responder)),
    col("opening", (c) => c.opening.kind), col("closing", (c) => c.closing.kind),
    col("A → B", (c) => octets(c.payload_octets.initiator), true, (c) => c.payload_octets.initiator),
    col("B → A", (c) => octets(c.payload_octets.responder), true, (c) => c.payload_octets.responder),
    col("time", (c) => span(c.last_ns - c.first_ns), true, (c) => c.last_ns - c.first_ns),
    col("again", (c) => again(c), true),
  ], data.connections, (c) => open(c.id));
  const search = el("input", { type: "search", placeholder: "find an address, a port, a kind", "aria-label": "find a connection", oninput: (event) => list.filter(event.target.value) });
  section("TCP connections", el("p", { class: "dim screen" }, "Choose one to see its packets, both ends' states and the time–sequence graph."), search, list, detail);
}
function again(c) {
  return Object.entries(c.counts).filter(([code]) => code.includes("retransmission") || code === "tcp-tail-loss-probe").reduce((sum, [, count]) => sum + count, 0);
}

let byConnection = null;
function packetsOf(id) {
  if (!byConnection) {
    byConnection = new Map();
    for (const packet of data.packets) {
      if (!byConnection.has(packet.c)) byConnection.set(packet.c, []);
      byConnection.get(packet.c).push(packet);
    }
  }
  return byConnection.get(id) || [];
}
function open(id) {
  const connection = data.connections.find((c) => c.id === id);
  if (!connection) return;
  const packets = packetsOf(id);
  detail.replaceChildren(el("h2", {}, "Connection " + id), el("p", {}, "A " + end(connection.initiator) + " → B " + end(connection.responder)),
    el("p", {}, "opening: " + connection.opening.kind + (connection.opening.rtt_ns !== undefined ? ", round trip " + span(connection.opening.rtt_ns) : "") +
      " · closing: " + connection.closing.kind + (connection.closing.first_by ? ", first by the " + connection.closing.first_by : "") +
      " · states now: A " + connection.states.initiator + ", B " + connection.states.responder));
  if (!packets.length) { detail.append(el("p", { class: "dim" }, "Its packets found no room in this page.")); return; }
  detail.append(el("h2", {}, "Time and sequence"), el("div", { class: "wide" }, sequence(packets)));
  const holder = el("div");
  let shown = 0;
  const more = el("button", { onclick: () => step() }, "show more packets");
  function step() {
    holder.append(ladder(packets.slice(shown, shown + 200), packets[0].t, shown === 0));
    shown += 200;
    more.hidden = shown >= packets.length;
  }
  detail.append(el("h2", {}, "Ladder"), el("div", { class: "wide" }, holder), more);
  step();
  detail.scrollIntoView({ behavior: "smooth" });
}

// Octets over time, one colour a direction; what was sent before is red.
function sequence(packets) {
  const width = 900, height = 320, left = 70, bottom = 34, top = 30;
  const svg = draw("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "sequence numbers over time" });
  const first = packets[0].t, last = packets[packets.length - 1].t;
  const largest = Math.max(1, ...packets.map((p) => (p.s < 2 ** 31 ? p.s + p.l : 0)));
  const x = (t) => left + ((t - first) / Math.max(1, last - first)) * (width - left - 12);
  const y = (s) => height - bottom - (s / largest) * (height - bottom - top);
  for (let i = 0; i <= 4; i++) {
    svg.append(draw("line", { class: "axis", x1: left, x2: width - 12, y1: y((largest * i) / 4), y2: y((largest * i) / 4) }));
    svg.append(draw("text", { class: "dim", x: left - 6, y: y((largest * i) / 4) + 4, "text-anchor": "end" }, octets(Math.round((largest * i) / 4))));
    svg.append(draw("text", { class: "dim", x: x(first + ((last - first) * i) / 4), y: height - 12, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle" }, span(((last - first) * i) / 4)));
  }
  for (const p of packets) {
    if (p.s >= 2 ** 31) continue;
    const isAgain = (p.o || []).some((note) => note[2].includes("retransmi") || note[2].includes("resen"));
    const kind = isAgain ? "again" : p.a ? "a" : "b";
    const mark = p.l > 0 ? draw("line", { class: kind, "stroke-width": 2.5, x1: x(p.t), x2: x(p.t), y1: y(p.s), y2: Math.min(y(p.s + p.l), y(p.s) - 2) })
      : draw("circle", { class: kind, cx: x(p.t), cy: y(p.s), r: 1.8 });
    mark.append(draw("title", {}, "packet " + p.n + ": " + p.f + " seq " + p.s + " len " + p.l));
    svg.append(mark);
  }
  svg.append(draw("text", { class: "a", x: left + 8, y: 16 }, "A → B"), draw("text", { class: "b", x: left + 70, y: 16 }, "B → A"), draw("text", { class: "again", x: left + 132, y: 16 }, "again"));
  for (const label of svg.querySelectorAll("text")) label.setAttribute("stroke", "none");
  return svg;
}

function ladder(packets, start, withHead) {
  const width = 1180, a = 250, b = 560, row = 26;
  const lines = packets.reduce((sum, p) => sum + Math.max(1, (p.o || []).length), 0);
  const head = withHead ? 24 : 4;
  const height = head + lines * row + 6;
  const svg = draw("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "packets between A and B" });
  if (withHead) svg.append(draw("text", { x: a, y: 16, "text-anchor": "middle" }, "A"), draw("text", { x: b, y: 16, "text-anchor": "middle" }, "B"));
  svg.append(draw("line", { class: "axis", x1: a, x2: a, y1: head, y2: height }), draw("line", { class: "axis", x1: b, x2: b, y1: head, y2: height }));
  let y = head, before = [null, null];
  for (const p of packets) {
    const middle = y + row / 2;
    const kind = p.a ? "a" : "b";
    const [from, to] = p.a ? [a, b] : [b, a];
    svg.append(draw("text", { class: "dim", x: 46, y: middle + 4, "text-anchor": "end" }, p.n), draw("text", { class: "dim", x: 128, y: middle + 4, "text-anchor": "end" }, span(p.t - start)));
    svg.append(draw("line", { class: kind, "stroke-width": 1.5, x1: from, x2: to, y1: middle + 6, y2: middle + 6 }));
    const tip = p.a ? to - 7 : to + 7;
    svg.append(draw("polygon", { class: kind, points: to + "," + (middle + 6) + " " + tip + "," + (middle + 2.5) + " " + tip + "," + (middle + 9.5) }));
    svg.append(draw("text", { x: (a + b) / 2, y: middle + 1, "text-anchor": "middle" }, p.f + " seq " + p.s + (p.k !== undefined ? " ack " + p.k : "") + (p.l ? " len " + p.l : "")));
    if (p.e) {
      if (p.e[0] !== before[0]) svg.append(draw("text", { x: a - 8, y: middle + 4, "text-anchor": "end" }, p.e[0]));
      if (p.e[1] !== before[1]) svg.append(draw("text", { x: b + 8, y: middle + 4 }, p.e[1]));
      before = p.e;
    }
    (p.o || []).forEach((note, index) => {
      const text = draw("text", { class: "say " + note[0], x: b + 120, y: y + row * index + row / 2 + 4 }, note[2].length > 72 ? note[2].slice(0, 71) + "…" : note[2]);
      text.append(draw("title", {}, note[2] + " (rule " + note[1] + ")"));
      svg.append(text);
    });
    y += row * Math.max(1, (p.o || []).length);
  }
  return svg;
}

function rest() {
  section("Protocols", table([col("layers", (p) => p.path), col("packets", (p) => p.packets, true), col("octets", (p) => octets(p.octets), true, (p) => p.octets)], data.protocols, null, 20));
  if (data.endpoints.length) section("End points", table([col("address", (e) => e.address), col("sent", (e) => e.packets_sent, true), col("octets sent", (e) => octets(e.octets_sent), true, (e) => e.octets_sent),
    col("received", (e) => e.packets_received, true), col("octets received", (e) => octets(e.octets_received), true, (e) => e.octets_received)], data.endpoints, null, 20));
  const bindings = (data.arp && data.arp.bindings) || [];
  if (bindings.length) section("ARP: who has which address", table([col("address", (b) => b.address), col("is at", (b) => b.mac), col("vendor", (b) => b.vendor || ""), col("packets", (b) => b.packets, true)], bindings, null, 20));
  if (data.fragments.length) section("Fragmented datagrams", table([col("from", (f) => f.source), col("to", (f) => f.destination), col("id", (f) => f.identification, true), col("packets", (f) => f.packets.join(", ")), col("outcome", (f) => f.outcome), col("octets", (f) => f.octets ?? "", true)], data.fragments, null, 20));
  if (data.packets_left_out) page.append(el("p", { class: "dim" }, data.packets_left_out + " packets of connections found no room in this page."));
  page.append(el("p", { class: "dim" }, "made by netlab; this page needs no network"));
}

summary();
findings();
connections();
rest();
