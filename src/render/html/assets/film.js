// The film: columns become steps, records and ways over links; what was known at any moment is found here.
const film = (() => {
  const { steps, records, hops } = data;
  const count = steps.t.length, times = [0], firsts = [0];
  for (let step = 0; step < count; step++) { times.push(times[step] + steps.t[step]); firsts.push(firsts[step] + steps.n[step]); }
  const lines = new Map(records.l), rules = new Map(records.r), lost = new Set(hops.x), frames = new Map(data.frames.map((one) => [one.id, one]));
  const stepOf = new Int32Array(records.e.length);
  for (let step = 1; step <= count; step++) stepOf.fill(step, firsts[step - 1], firsts[step]);
  const ofFrame = new Map();
  records.f.forEach((frame, place) => { if (frame) { if (!ofFrame.has(frame)) ofFrame.set(frame, []); ofFrame.get(frame).push(place); } });
  // Steps a box touched its tables in, ascending.
  const memories = data.boxes.map(() => []);
  for (const [step, box, tables] of data.snapshots) memories[box].push([step, tables]);
  const arrives = (hop) => hops.r[hop] || count + 1;
  const byLeave = hops.f.map((_, hop) => hop).sort((x, y) => hops.l[x] - hops.l[y]);
  // Longest flight, so that only a few hops need be looked at.
  let longest = 1;
  byLeave.forEach((hop) => { longest = Math.max(longest, arrives(hop) - hops.l[hop]); });
  const record = (place) => ({ place, step: stepOf[place], at: times[stepOf[place]], kind: data.kinds[records.e[place]][0], meaning: data.kinds[records.e[place]][1], box: records.d[place], port: records.p[place], frame: records.f[place],
    reason: data.reasons[records.w[place]], text: data.texts[records.x[place]], lines: (lines.get(place) || []).map((text) => data.texts[text]), rule: rules.has(place) ? data.texts[rules.get(place)] : data.reasons[records.w[place]][1] });
  return {
    count, times, lost, frames, ofFrame, record, arrives,
    place: (box, port) => data.boxes[box].name + (port >= 0 && data.boxes[box].ports.length > 1 ? "." + data.boxes[box].ports[port] : ""),
    recordsOf: (step) => (step < 1 ? [] : Array.from({ length: steps.n[step - 1] }, (_, index) => record(firsts[step - 1] + index))),
    // Hops on their way at position `at`, a fraction of a step included.
    underWay(at) {
      let low = 0, top = byLeave.length;
      while (low < top) { const middle = (low + top) >> 1; if (hops.l[byLeave[middle]] < at - longest) low = middle + 1; else top = middle; }
      const found = [];
      for (let index = low; index < byLeave.length && hops.l[byLeave[index]] <= at; index++) if (arrives(byLeave[index]) > at) found.push(byLeave[index]);
      return found;
    },
    // A box's tables after a step, and those of its snapshot before.
    memory(box, step) {
      const all = memories[box];
      let low = 0, top = all.length;
      while (low < top) { const middle = (low + top) >> 1; if (all[middle][0] <= step) low = middle + 1; else top = middle; }
      return { now: low ? all[low - 1][1] : [], since: low ? all[low - 1][0] : 0, before: low > 1 ? all[low - 2][1] : [] };
    },
  };
})();
const clock = (nanos) => (nanos / 1e6).toFixed(3) + " ms";
