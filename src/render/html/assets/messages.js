// The message view: where messages begin and end in a stream, and which segments carried which part.
const TAGS = { wire: "seen in the packets", implied: "follows from the packets and the standards", possible: "depends on the program" };
const statement = (said) => el("p", {}, el("span", { class: "tag dim", title: TAGS[said.tag] }, said.tag), " ", said.text);

// Segments above, messages below, on one scale of octets: borders that do not meet are joined or split messages.
function streamMap(direction) {
  const messages = direction.framing ? direction.framing.messages : [];
  const segments = direction.segments;
  if (!segments.length) return null;
  const until = Math.max(...segments.map((one) => one.offset + one.len), ...messages.map((one) => one.offset + one.header_len + one.body_len));
  const lines = Math.max(segments.length, messages.length);
  const width = Math.max(300, Math.min(2400, Math.max(lines * 46, 640))), left = 84;
  const x = (value) => left + (value / until) * (width - left - 4);
  const svg = draw("svg", { width, height: messages.length ? 92 : 48, role: "img", "aria-label": "segments and messages of the stream" });
  svg.append(draw("text", { class: "dim", x: 0, y: 22 }, "segments"));
  for (const one of segments) {
    const wide = Math.max(1.5, x(one.offset + one.len) - x(one.offset) - 1);
    svg.append(draw("rect", { class: "seg " + (direction.sender === "A" ? "a" : "b"), x: x(one.offset), y: 6, width: wide, height: 26, rx: 2 }, draw("title", {}, "packet " + one.packet + ", " + many(one.len, "octet") + " from " + one.offset + ": " + one.preview)));
    if (wide > 34) svg.append(draw("text", { x: x(one.offset) + wide / 2, y: 23, "text-anchor": "middle" }, "#" + one.packet));
  }
  if (messages.length) {
    svg.append(draw("text", { class: "dim", x: 0, y: 68 }, "messages"));
    for (const one of messages) {
      const body = one.offset + one.header_len, stop = body + one.body_len;
      const about = draw("title", {}, "message " + one.number + ": header " + one.header_len + ", body " + one.body_len + " octets: " + one.body);
      if (one.header_len) svg.append(draw("rect", { class: "header", x: x(one.offset), y: 52, width: Math.max(1.5, x(body) - x(one.offset)), height: 26, rx: 2 }, about.cloneNode(true)));
      const wide = Math.max(1.5, x(stop) - x(body) - 1);
      svg.append(draw("rect", { class: "body", x: x(body), y: 52, width: wide, height: 26, rx: 2 }, about));
      if (wide > 26) svg.append(draw("text", { x: x(body) + wide / 2, y: 69, "text-anchor": "middle" }, one.number));
    }
  }
  svg.append(draw("text", { class: "dim", x: width - 4, y: svg.getAttribute("height") - 1, "text-anchor": "end" }, "octet " + until));
  return el("div", { class: "map" }, svg);
}
function messageView(talk) {
  const parts = [];
  if (talk.beginning_only) parts.push(el("p", { class: "warning" }, "The streams are long: only their beginning was looked at for this page. netlab messages FILE --connection " + talk.connection + " looks at all."));
  talk.directions.forEach((direction, index) => {
    const to = direction.sender === "A" ? "A → B" : "B → A";
    if (!direction.octets) { parts.push(el("h3", {}, to + say(": nothing was sent"))); return; }
    parts.push(el("h3", {}, to + ": " + many(direction.octets, "octet") + say(" in ") + many(direction.segment_count, "segment") + (direction.not_captured ? say(", " + direction.not_captured + " of them not captured") : "") +
      say({ FIN: ", then a FIN", reset: ", then a reset" }[talk.ends[index]] || "")));
    const framing = direction.framing;
    if (framing) parts.push(el("p", {}, say("Framing " + (framing.found ? "found" : "as said") + ": "), el("span", { class: "mono" }, raw(framing.spec)), framing.count ? " · " + many(framing.count, "whole message") + ", " + framing.fit_percent.toFixed(1) + say(" % of the octets · ") + many(framing.split_headers, "split header") + " · " + many(framing.glued_segments, "segment") + say(" with more than one message") : ""));
    parts.push(streamMap(direction));
    if (framing && framing.messages.length) parts.push(table([col("#", (m) => m.number, true), col("packets", (m) => listed(m.packets)), col("header", (m) => (m.header_len ? el("span", { class: "mono" }, raw(m.header)) : "")), col("body octets", (m) => m.body_len, true),
      col("body", (m) => el("span", { class: "mono" }, raw(m.body))), col("remarks", (m) => (m.remarks || []).join(say("; ")))], framing.messages, { limit: 20 }));
    else parts.push(table([col("packet", (s) => s.packet, true), col("after", (s) => span(s.after_ns), true, (s) => s.after_ns), col("octets", (s) => s.len, true), col("unacknowledged before", (s) => s.outstanding, true), col("first octets", (s) => el("span", { class: "mono" }, raw(s.preview)))], direction.segments, { limit: 20 }));
    if (direction.segment_count > direction.segments.length) parts.push(el("p", { class: "dim small" }, "The page lists the first " + direction.segments.length + " of " + direction.segment_count + " segments."));
    if (framing) parts.push(...framing.statements.map(statement));
    parts.push(...direction.joined.map(statement));
  });
  if (talk.lockstep) parts.push(el("h3", {}, "Framing by dialogue"), ...talk.lockstep.map(statement));
  if (talk.authentication) parts.push(el("h3", {}, "Challenge and response"), ...talk.authentication.statements.map(statement));
  if (talk.stall) parts.push(el("h3", {}, "Both sides wait"), el("p", {}, "Nothing was sent for " + span(talk.stall.for_ns) + ", and nothing was outstanding: each side may be waiting for the other."));
  return el("div", {}, ...parts);
}
