// Graphs: drawn at the width that there is, so that letters keep their size; drawn again when that changes.

// At most two points for each pixel and series: the least and the greatest.
function thinned(points, width) {
  if (points.length <= width * 3) return points;
  const least = points[0][0], range = Math.max(1, points[points.length - 1][0] - least), kept = [];
  let column = -1, low = null, high = null;
  const flush = () => { if (low) kept.push(...(low === high ? [low] : low[0] <= high[0] ? [low, high] : [high, low])); };
  for (const point of points) {
    const here = Math.floor(((point[0] - least) / range) * width);
    if (here !== column) { flush(); column = here; low = high = point; }
    if (point[1] < low[1]) low = point;
    if (point[1] > high[1]) high = point;
  }
  flush();
  return kept;
}
function nearest(points, x) {
  let low = 0, top = points.length;
  while (low < top) { const middle = (low + top) >> 1; if (points[middle][0] < x) low = middle + 1; else top = middle; }
  if (low > 0 && (low === points.length || x - points[low - 1][0] < points[low][0] - x)) low--;
  return points[low];
}
function niceStep(range, count) {
  const rough = range / count, power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) || 10);
}

// `series`: name, style (ka, kb, …), kind (line, step, dots, bars, spans), points [x, y] or [x, low, high]; x in
// nanoseconds since the first packet.
function graph(title, packets, series, format, label) {
  series = series.filter((one) => one.points.length);
  const output = el("output", {}, " ");
  const holder = el("div");
  const figure = el("figure", {}, el("figcaption", {}, el("b", {}, title), ...series.map((one) => el("span", { class: "key small " + one.style }, one.name))), holder, output);
  if (!series.length) { holder.append(el("p", { class: "dim" }, "nothing to measure here")); return figure; }
  // All graphs of a connection share the axis of time.
  const firstX = 0, lastX = Math.max(1, packets[packets.length - 1].t);
  let most = 0;
  for (const one of series) for (const point of one.points) {
    most = Math.max(most, point[2] ?? point[1]);
  }
  most = (most || 1) * 1.04;
  const paint = () => {
    const width = Math.max(240, holder.clientWidth || 600), height = 210, left = 64, right = 8, top = 8, bottom = 24;
    const x = (value) => left + ((value - firstX) / (lastX - firstX)) * (width - left - right);
    const y = (value) => height - bottom - (value / most) * (height - bottom - top);
    const svg = draw("svg", { width, height, viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": label || title });
    const stepY = niceStep(most, 4);
    for (let value = 0; value <= most; value += stepY) {
      svg.append(draw("line", { class: "axis", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
        draw("text", { class: "dim", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)));
    }
    const marks = Math.max(2, Math.min(6, Math.floor((width - left) / 110)));
    for (let i = 0; i <= marks; i++) {
      const value = firstX + ((lastX - firstX) * i) / marks;
      svg.append(draw("text", { class: "dim", x: x(value), y: height - 6, "text-anchor": i === 0 ? "start" : i === marks ? "end" : "middle" }, span(value)));
    }
    for (const one of series) {
      if (one.kind === "bars") {
        const group = draw("g", { class: "fill " + one.style });
        const wide = Math.max(1, ((width - left - right) / one.bins) * 0.45);
        for (const [at, value] of one.points) group.append(draw("rect", { x: x(at) + (one.second ? wide : 0), y: y(value), width: wide, height: Math.max(0, height - bottom - y(value)) }));
        svg.append(group);
      } else if (one.kind === "spans") {
        const path = one.points.map(([at, low, high]) => "M" + x(at).toFixed(1) + " " + y(low).toFixed(1) + "V" + Math.min(y(high), y(low) - 1.5).toFixed(1)).join("");
        svg.append(draw("path", { class: one.style, "stroke-width": 2.4, d: path }));
      } else if (one.kind === "dots") {
        const path = thinned(one.points, width).map(([at, value]) => "M" + x(at).toFixed(1) + " " + y(value).toFixed(1) + "h.01").join("");
        svg.append(draw("path", { class: one.style, "stroke-width": 4.5, "stroke-linecap": "round", d: path }));
      } else {
        let path = "", before = null;
        for (const [at, value] of thinned(one.points, width)) {
          path += before === null ? "M" + x(at).toFixed(1) + " " + y(value).toFixed(1) : (one.kind === "step" ? "H" + x(at).toFixed(1) + "V" + y(value).toFixed(1) : "L" + x(at).toFixed(1) + " " + y(value).toFixed(1));
          before = value;
        }
        if (one.kind === "step") path += "H" + (width - right);
        svg.append(draw("path", { class: one.style, "stroke-width": 1.6, d: path }));
      }
    }
    const cross = draw("line", { class: "cross", y1: top, y2: height - bottom, x1: -9, x2: -9 });
    svg.append(cross);
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const at = firstX + (((event.clientX - box.left) * (width / box.width) - left) / (width - left - right)) * (lastX - firstX);
      const first = nearest(series[0].points, at);
      cross.setAttribute("x1", x(first[0])); cross.setAttribute("x2", x(first[0]));
      output.textContent = span(first[0]) + ": " + series.map((one) => { const point = nearest(one.points, first[0]); return say(one.name) + " " + format(point[2] ?? point[1]); }).join(" · ");
    });
    holder.replaceChildren(svg);
  };
  let width = 0;
  new ResizeObserver(() => { if (Math.abs(holder.clientWidth - width) > 4) { width = holder.clientWidth; paint(); } }).observe(holder);
  return figure;
}

const FIRST_HALF = 2 ** 31;
// Octets over time as a sender's data, the acknowledgments for it, and the edge of its receiver's window.
function sequenceGraph(packets, fromA, shift) {
  const sent = [], again = [], acks = [], edge = [];
  for (const p of packets) {
    if (p.a === fromA) {
      if (p.l > 0 && p.s < FIRST_HALF) (p.again ? again : sent).push([p.t, p.s, p.s + p.l]);
    } else if (p.has("ACK") && p.k < FIRST_HALF) {
      acks.push([p.t, p.k]);
      edge.push([p.t, p.k + p.w * (p.has("SYN") ? 1 : 2 ** shift)]);
    }
  }
  const to = fromA ? "A → B" : "B → A";
  const top = Math.max(1, ...thinned(sent.map((one) => [one[0], one[2]]), 400).map((one) => one[1]));
  // A window far above what was ever sent would press the data flat.
  const near = edge.length && Math.min(...thinned(edge, 400).map((one) => one[1])) < top * 3;
  return graph("Octets sent, " + to, packets, [
    { name: "data", style: fromA ? "ka" : "kb", kind: "spans", points: sent },
    { name: "sent again", style: "kagain", kind: "spans", points: again },
    { name: "acknowledged", style: "kack", kind: "step", points: acks },
    ...(near ? [{ name: "window's edge", style: "kwin", kind: "step", points: edge }] : []),
  ], (value) => octets(Math.round(value)), "octets sent over time, " + to);
}
function roundTripGraph(packets) {
  const points = (fromA) => packets.filter((p) => p.rtt !== undefined && p.a === fromA).map((p) => [p.t, p.rtt]);
  return graph("Round trips, from where it was captured", packets, [
    { name: "to B and back", style: "kb", kind: "dots", points: points(false) },
    { name: "to A and back", style: "ka", kind: "dots", points: points(true) },
  ], span, "round-trip time over time");
}
function throughputGraph(packets) {
  const last = packets[packets.length - 1].t, bins = Math.max(1, Math.min(60, Math.ceil(packets.length / 2)));
  const width = Math.max(1, last / bins), sums = [new Map(), new Map(), new Map()];
  for (const p of packets) {
    if (!p.l) continue;
    const bin = Math.min(bins - 1, Math.floor(p.t / width)), sum = sums[p.again ? 2 : p.a ? 0 : 1];
    sum.set(bin, (sum.get(bin) || 0) + p.l);
  }
  const points = (sum) => [...sum].sort((x, y) => x[0] - y[0]).map(([bin, count]) => [bin * width, (count * 8e9) / width]);
  const rate = (bits) => { let value = bits; for (const unit of ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]) { if (value < 1000 || unit === "Gbit/s") return (value >= 100 || value === 0 ? Math.round(value) : value.toPrecision(2)) + " " + unit; value /= 1000; } };
  if (last === 0) return graph("Throughput of data", packets, [], rate);
  return graph("Throughput of data, each bar " + span(width), packets, [
    { name: "A → B", style: "ka", kind: "bars", bins, points: points(sums[0]) },
    { name: "B → A", style: "kb", kind: "bars", bins, second: true, points: points(sums[1]) },
    { name: "sent again", style: "kagain", kind: "bars", bins, points: points(sums[2]) },
  ], rate, "throughput over time");
}
// What was under way unacknowledged, below what the receiver allowed.
function windowGraph(packets, fromA, shift) {
  const flight = [], allowed = [];
  let acked = 0, sent = 0;
  for (const p of packets) {
    if (p.a === fromA) { if (p.s < FIRST_HALF) sent = Math.max(sent, p.s + p.l); }
    else if (p.has("ACK") && p.k < FIRST_HALF) { acked = Math.max(acked, p.k); allowed.push([p.t, p.w * (p.has("SYN") ? 1 : 2 ** shift)]); }
    flight.push([p.t, Math.max(0, sent - acked)]);
  }
  if (!sent) flight.length = 0;
  const to = fromA ? "A → B" : "B → A";
  return graph("Window, " + to, packets, [
    { name: "in flight", style: fromA ? "ka" : "kb", kind: "step", points: flight },
    { name: "allowed by the receiver", style: "kwin", kind: "step", points: allowed },
  ], (value) => octets(Math.round(value)), "octets in flight and window over time, " + to);
}
