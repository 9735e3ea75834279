// Fragments as a piece map, and ARP as who has which address.

const fragmentsEnd = (f) => Math.max(f.octets || 0, ...f.pieces.map((p) => p.offset + p.octets), ...(f.holes || []).map((h) => (h.to === undefined ? h.from : h.to + 1)));
function pieceMap(f) {
  const until = Math.max(1, fragmentsEnd(f)), rows = Math.min(f.pieces.length, 24), pitch = 24;
  const width = 720, left = 96, right = 10;
  const x = (value) => left + (value / until) * (width - left - right);
  const policies = (f.policies || []).filter((policy) => policy.shares);
  const height = 30 + (rows + 1 + policies.length) * pitch + 20;
  const svg = draw("svg", { width, height, role: "img", "aria-label": "pieces of the datagram in order of arrival" });
  const line = (place, name, dim) => svg.append(draw("text", { x: 0, y: 30 + place * pitch + 14, class: dim ? "dim" : "" }, name));
  for (let i = 0; i <= 4; i++) {
    const value = Math.round((until * i) / 4);
    svg.append(draw("line", { class: "axis", x1: x(value), x2: x(value), y1: 22, y2: height - 14 }), draw("text", { class: "dim", x: x(value), y: 14, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle" }, value));
  }
  f.pieces.slice(0, rows).forEach((p, index) => {
    line(index, "packet " + p.packet, true);
    const wide = Math.max(2, x(p.offset + p.octets) - x(p.offset));
    svg.append(draw("rect", { class: "seg a", x: x(p.offset), y: 30 + index * pitch, width: wide, height: 18, rx: 2 },
      draw("title", {}, "packet " + p.packet + ": octets " + p.offset + " to " + (p.offset + p.octets - 1) + ", TTL " + p.hop_limit + say(p.more_fragments ? ", more fragments follow" : ", the last piece"))));
    if (wide > 130) svg.append(draw("text", { x: x(p.offset) + 6, y: 30 + index * pitch + 13 }, p.offset + "–" + (p.offset + p.octets - 1) + (p.more_fragments ? " MF" : " last")));
  });
  for (const o of f.overlaps || []) {
    const row = f.pieces.findIndex((p) => p.packet === o.packet);
    if (row >= 0 && row < rows) svg.append(draw("rect", { class: "overlap", x: x(o.from), y: 30 + row * pitch, width: Math.max(2, x(o.to + 1) - x(o.from)), height: 18 }, draw("title", {}, "octets " + o.from + " to " + o.to + " came in packet " + o.with + " already" + say(o.same === false ? ", with other contents" : o.same ? ", the same" : ""))));
  }
  line(rows, "missing", true);
  for (const h of f.holes || []) svg.append(draw("rect", { class: "hole", x: x(h.from), y: 30 + rows * pitch, width: Math.max(2, x(h.to === undefined ? until : h.to + 1) - x(h.from)), height: 18 }, draw("title", {}, "octets " + h.from + (h.to === undefined ? " on" : " to " + h.to) + " never came")));
  if (!(f.holes || []).length) svg.append(draw("text", { class: "dim", x: left, y: 30 + rows * pitch + 14 }, "nothing"));
  policies.forEach((policy, index) => {
    const place = rows + 1 + index;
    line(place, policy.policy);
    for (const share of policy.shares) {
      const wide = Math.max(2, x(share.to + 1) - x(share.from));
      svg.append(draw("rect", { class: "body", x: x(share.from), y: 30 + place * pitch, width: wide, height: 18 }, draw("title", {}, policy.policy + " takes octets " + share.from + " to " + share.to + " from packet " + share.packet)));
      if (wide > 30) svg.append(draw("text", { x: x(share.from) + 4, y: 30 + place * pitch + 13 }, "#" + share.packet));
    }
  });
  return el("div", { class: "map" }, svg);
}
function fragmentDetail(f) {
  const facts = [];
  if (f.mtu) facts.push("probably cut for an MTU of " + f.mtu);
  if (f.refragmented) facts.push("cut again on the way");
  if (f.duplicates) facts.push(many(f.duplicates, "exact copy"));
  if (f.time_exceeded) facts.push("packet " + f.time_exceeded + " says the receiver gave up waiting");
  facts.push(f.delivered ? "a receiver of today hands it on" : "no receiver of today hands it on");
  return el("div", {}, el("p", {}, say("Each row is a piece in the order of arrival, at its place in the datagram. ") + facts.map((fact) => ((told) => told[0].toUpperCase() + told.slice(1) + say("."))(say(fact))).join(" ")), pieceMap(f),
    f.pieces.length > 24 ? el("p", { class: "dim small" }, "The first 24 of " + (f.packet_count || f.packets.length) + " pieces are drawn.") : null);
}

// Addresses on the left, machines on the right; an address with two machines stands out.
function arpMap(bindings) {
  const most = 40, former = data.arp.changes.map((one) => ({ address: one.address, mac: one.from, packets: 0, first_packet: one.packet }));
  const known = new Set(bindings.map((one) => one.address + one.mac));
  const shown = [...bindings.slice(0, most), ...former.filter((one) => { const key = one.address + one.mac, is = !known.has(key); known.add(key); return is; }).slice(0, most)];
  const addresses = [...new Set(shown.map((b) => b.address))], macs = [...new Set(shown.map((b) => b.mac))];
  const rows = Math.max(addresses.length, macs.length), pitch = 26, width = 500, a = 118, b = 192;
  const svg = draw("svg", { width, height: rows * pitch + 30, role: "img", "aria-label": "addresses and the machines that have them" });
  const y = (list, value) => 40 + list.indexOf(value) * pitch * (rows / list.length);
  svg.append(draw("text", { class: "dim", x: a - 8, y: 16, "text-anchor": "end" }, "address"), draw("text", { class: "dim", x: b + 8, y: 16 }, "is at"));
  for (const one of shown) {
    const twice = shown.filter((other) => other.address === one.address).length > 1;
    svg.append(draw("line", { class: "wire" + (twice ? " bad" : ""), x1: a, x2: b, y1: y(addresses, one.address) - 4, y2: y(macs, one.mac) - 4 },
      draw("title", {}, one.packets ? one.address + " is at " + one.mac + ", " + many(one.packets, "packet") + " said so, first packet " + one.first_packet : one.address + " was at " + one.mac + " before packet " + one.first_packet)));
  }
  for (const address of addresses) svg.append(draw("text", { x: a - 8, y: y(addresses, address), "text-anchor": "end" }, address));
  for (const mac of macs) {
    const vendor = shown.find((one) => one.mac === mac).vendor;
    svg.append(draw("text", { class: "mono", x: b + 8, y: y(macs, mac) }, mac), draw("text", { class: "dim", x: b + 158, y: y(macs, mac) }, raw(vendor ? vendor.slice(0, 18) : "")));
  }
  return el("div", {}, el("div", { class: "map" }, svg), bindings.length > most ? el("p", { class: "dim small" }, "The first " + most + " of " + bindings.length + " are drawn.") : null);
}
function arpSection() {
  const arp = data.arp;
  if (!arp.bindings.length && !arp.questions.length) return;
  const parts = [];
  if (arp.bindings.length) parts.push(arpMap(arp.bindings), table([col("address", (b) => b.address), col("is at", (b) => el("span", { class: "mono" }, b.mac)), col("vendor", (b) => b.vendor || ""), col("packets", (b) => b.packets, true), col("first", (b) => b.first_packet, true), col("last", (b) => b.last_packet, true)], arp.bindings, { limit: 20, find: "find an address" }));
  if (arp.changes.length) parts.push(el("h3", {}, "Addresses that went to another machine"), table([col("address", (c) => c.address), col("from", (c) => el("span", { class: "mono" }, c.from)), col("to", (c) => el("span", { class: "mono" }, c.to)), col("packet", (c) => c.packet, true), col("kind", (c) => el("span", { class: c.kind === "conflict" || c.kind === "spoofing" ? "error" : "" }, c.kind)), col("back and forth", (c) => c.flips, true)], arp.changes, { limit: 20 }));
  if (arp.questions.length) parts.push(el("h3", {}, "Who asked for whom"), table([col("asker", (q) => (q.asker === "0.0.0.0" ? "a probe" : q.asker)), col("its machine", (q) => el("span", { class: "mono" }, q.asker_mac)), col("who has", (q) => q.target), col("asked", (q) => q.asked, true), col("answered", (q) => q.answered, true), col("by", (q) => (q.answered_by ? el("span", { class: "mono" }, q.answered_by) : "nobody")), col("after", (q) => (q.least_latency_ns === undefined ? "" : span(q.least_latency_ns)), true, (q) => q.least_latency_ns ?? 0), col("first", (q) => q.first_packet, true)], arp.questions, { limit: 20, find: "find an asker or a target" }));
  for (const sweep of arp.sweeps) parts.push(el("p", {}, sweep.mac + " (" + sweep.address + ") asked for " + many(sweep.addresses, "address") + " within " + span(sweep.last_ns - sweep.first_ns) + ": a sweep."));
  for (const proxy of arp.proxies) parts.push(el("p", {}, proxy.mac + " answers for " + proxy.addresses.join(", ") + ": a proxy."));
  section("arp", "ARP: who has which address", ...parts);
}
