// One connection: what became of it, its graphs, its ladder, its messages. Drawn when somebody opens it.
const SPENT = [["idle_ns", "nothing to say"], ["receiver_closed_ns", "receiver's window closed"], ["window_full_ns", "window full"], ["recovery_ns", "repairing a loss"], ["round_trip_ns", "waiting for acknowledgments"], ["sending_ns", "sending"], ["capture_gap_ns", "not captured"]];
const LETTER = { initiator: "A", responder: "B", both: "A and B", none: "nobody" };

function budget(time, name) {
  if (!time || !time.total_ns) return null;
  const shares = SPENT.map(([key, words], place) => ({ place, words, nanos: time[key] || 0 })).filter((share) => share.nanos > 0);
  const bar = el("div", { class: "budget", role: "img", "aria-label": shares.map((share) => say(share.words) + " " + span(share.nanos)).join(", ") });
  for (const share of shares) {
    const part = el("span", { class: "s" + share.place, title: say(share.words) + ": " + span(share.nanos) });
    part.style.flexGrow = String(share.nanos / time.total_ns);
    bar.append(part);
  }
  return el("div", {}, el("p", { class: "small" }, "Where the time of " + name + " went, " + span(time.total_ns) + " from first to last data:"), bar,
    el("p", { class: "small" }, ...shares.map((share) => el("span", {}, el("i", { class: "s" + share.place }), say(share.words) + " " + span(share.nanos) + " "))));
}
function facts(c) {
  const opening = c.opening, closing = c.closing;
  const lines = [
    ["opening", say(opening.kind) + (opening.rejected ? ": " + say(opening.rejected) : "") + (opening.packets.length ? say(", packets ") + opening.packets.join(", ") : "") + (opening.rtt_ns !== undefined ? say(", round trip ") + span(opening.rtt_ns) : "")],
    ["closing", say(closing.kind) + (closing.first_by ? say(", first by ") + LETTER[closing.first_by] : "") + (closing.packets.length ? say(", packets ") + closing.packets.join(", ") : "") + (closing.half_close ? say(", half-close with ") + octets(closing.half_close_octets || 0) : "") + (closing.time_wait !== "none" ? say(", TIME-WAIT at ") + say(LETTER[closing.time_wait]) : "")],
    ["states now", "A " + c.states.initiator + ", B " + c.states.responder + (c.roles === "guessed" ? say(" (who is who is a guess from the ports: the beginning was not captured)") : "")],
  ];
  if (c.round_trip) lines.push(["path", say("round trip at least " + span(c.round_trip.min_ns) + ": to A and back " + span(c.round_trip.to_initiator_ns) + ", to B and back " + span(c.round_trip.to_responder_ns) + "; captured " + ({ initiator: "near A", responder: "near B" }[c.round_trip.captured_near] || "between them"))]);
  for (const [side, name] of [["initiator", "A → B"], ["responder", "B → A"]]) {
    const repair = c.repairs[side], window = c.windows[side], words = [many(c.packets[side], "packet") + ", " + octets(c.stream_octets[side]) + say(" of data")];
    if (repair.retransmitted_segments) words.push(many(repair.retransmitted_segments, "segment") + say(" sent again (") + octets(repair.retransmitted_octets) + ")");
    if (repair.fast) words.push(many(repair.fast, "fast recovery"));
    if (repair.timeouts) words.push(many(repair.timeouts, "timeout"));
    if (repair.out_of_order) words.push(repair.out_of_order + " " + say("out of order"));
    if (repair.missing_octets) words.push(say(octets(repair.missing_octets) + " missing"));
    if (window.zero_windows) words.push(say("window closed " + many(window.zero_windows, "time") + ", for " + span(window.zero_window_ns || 0)));
    lines.push([name, words.join("; ")]);
  }
  return el("div", { class: "box" }, ...lines.map(([name, text]) => el("p", {}, el("b", {}, say(name) + ": "), text)), budget(c.time.initiator, "A → B"), budget(c.time.responder, "B → A"));
}
function graphsOf(c, packets) {
  const shift = (side) => c.windows[side].scale ?? c.windows[side].scale_at_least ?? 0;
  const parts = [];
  for (const [side, fromA] of [["initiator", true], ["responder", false]]) if (packets.some((p) => p.a === fromA && p.l)) parts.push(sequenceGraph(packets, fromA, shift(side)), windowGraph(packets, fromA, shift(side)));
  parts.push(roundTripGraph(packets), throughputGraph(packets));
  return el("div", {}, el("p", { class: "dim small" }, "Times count from the first packet. Point at a graph to read its values."), el("div", { class: "graphs" }, ...parts));
}

const detail = el("div", { id: "connection", "aria-live": "polite" });
function openConnection(id, wanted) {
  const c = data.connections.find((one) => one.id === id);
  if (!c) return;
  const packets = packetsOf(id), talk = data.talks.connections[id], columns = data.packets.connections[id];
  const holder = el("div", { role: "tabpanel" }), tabs = [];
  const show = (name, make) => {
    for (const tab of tabs) { tab.setAttribute("aria-selected", String(tab.textContent === say(name))); tab.tabIndex = tab.textContent === say(name) ? 0 : -1; }
    holder.replaceChildren(make());
  };
  const views = [];
  if (packets.length) {
    views.push(["Ladder", () => ladder(c, packets)], ["Graphs", () => graphsOf(c, packets)]);
  }
  if (talk) views.push(["Messages", () => messageView(talk)]);
  views.push(["Events", () => events(c)]);
  for (const [name, make] of views) tabs.push(el("button", { type: "button", class: "plain", role: "tab", onclick: () => show(name, make), onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length]; next.click(); next.focus(); }
  } }, name));
  const told = [];
  if (!packets.length) told.push(el("p", { class: "warning" }, "Its packets found no room in this page; netlab analyze FILE --connection " + id + " shows them."));
  else if (columns.left_out) told.push(el("p", { class: "warning" }, "The page holds its first " + packets.length + " packets; " + columns.left_out + " more found no room."));
  if (packets.length && !talk && c.stream_octets.initiator + c.stream_octets.responder > 0) told.push(el("p", { class: "dim" }, "Its messages found no room in this page; netlab messages FILE --connection " + id + " shows them."));
  detail.replaceChildren(el("h2", {}, "Connection " + id + ": A " + end(c.initiator) + " → B " + end(c.responder)), facts(c), ...told, el("div", { class: "tabs", role: "tablist" }, ...tabs), holder);
  const first = views.find(([name]) => name === wanted) || views[0];
  show(first[0], first[1]);
  detail.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" });
}
// What was counted, each with its explanation.
function events(c) {
  const rows = Object.entries(c.counts);
  const known = new Map(data.codes.list.map((one, place) => [one.code, place]));
  return table([col("event", ([code]) => code), col("times", ([, count]) => count, true), col("level", ([code]) => (known.has(code) ? el("span", { class: data.codes.list[known.get(code)].severity }, data.codes.list[known.get(code)].severity) : "")),
    col("rule", ([code]) => (known.has(code) ? data.codes.list[known.get(code)].rule : ""))], rows, { open: ([code]) => (known.has(code) ? explained(known.get(code)) : el("p", {}, "netlab explain " + code)) });
}
