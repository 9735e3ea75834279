// The stage: the drawn network, and the frames on their way in it.
const stage = (() => {
  const holder = el("div", { class: "stage" });
  const drawing = document.getElementById("drawing");
  const drawings = { wide: drawing.querySelector(".wide-net"), tall: drawing.querySelector(".tall-net") };
  holder.append(drawings.wide, drawings.tall);
  drawing.remove();
  let which = "wide", frames = new Map(), busy = [], acting = [], ends = [], onFrame = () => {}, onBox = () => {};
  const size = (svg) => ({ width: +svg.getAttribute("viewBox").split(" ")[2], height: +svg.getAttribute("viewBox").split(" ")[3] });
  // The outline that can be drawn larger; letters stay legible, and what is too large is scrolled.
  function choose() {
    const width = holder.clientWidth - 4, height = Math.max(260, innerHeight * 0.62);
    const scale = (name) => { const { width: wide, height: high } = size(drawings[name]); return Math.min(1.15, width / wide, Math.max(height / high, 0.8)); };
    which = scale("tall") > scale("wide") + 0.02 ? "tall" : "wide";
    holder.className = "stage " + which;
    for (const name of ["wide", "tall"]) {
      const shown = Math.max(scale(name), 0.84), { width: wide, height: high } = size(drawings[name]);
      drawings[name].setAttribute("width", Math.round(wide * shown)); drawings[name].setAttribute("height", Math.round(high * shown));
    }
    frames.forEach((mark) => mark.remove()); frames.clear(); ends.forEach((mark) => mark.remove()); ends = [];
  }
  const svg = () => drawings[which];
  const cableOf = new Map();
  data.cables.forEach(([a, aPort, b, bPort], index) => { cableOf.set(a + "." + aPort, [index, false]); cableOf.set(b + "." + bPort, [index, true]); });
  function point(hop, share) {
    const [box, port] = data.hops.a[hop], [index, back] = cableOf.get(box + "." + port);
    const line = svg().querySelector('[data-cable="' + index + '"] line'), at = (name) => +line.getAttribute(name);
    const [x1, y1, x2, y2] = back ? [at("x2"), at("y2"), at("x1"), at("y1")] : [at("x1"), at("y1"), at("x2"), at("y2")];
    // From border to border rather than from middle to middle.
    const length = Math.hypot(x2 - x1, y2 - y1) || 1, out = (box) => {
      const [half, high] = halfOf(box);
      return Math.min(0.42, (Math.min(half / Math.max(1e-6, Math.abs(x2 - x1) / length), high / Math.max(1e-6, Math.abs(y2 - y1) / length)) + 6) / length);
    };
    const from = out(box), there = 1 - out(data.hops.b[hop][0]), to = film.lost.has(hop) ? (from + there) / 2 : there, place = from + (to - from) * share;
    return { x: x1 + (x2 - x1) * place, y: y1 + (y2 - y1) * place, index };
  }
  const isDense = data.boxes.length > 30, halfOf = (box) => (isDense && !/^(switch|hub|router|cloud)$/.test(data.boxes[box].kind) ? [26, 12] : [52, 24]);
  const kindOf = (says) => (/^ARP/.test(says) ? 1 : /^ICMP/.test(says) ? 2 : /^(STP|RSTP|BPDU)/i.test(says) ? 3 : 0);
  const centre = (box) => { const one = svg().querySelector('[data-device="' + box + '"]'); return { x: +one.dataset.x, y: +one.dataset.y }; };
  for (const name of ["wide", "tall"]) for (const one of drawings[name].querySelectorAll(".device")) {
    const act = () => onBox(+one.dataset.device);
    one.addEventListener("click", act);
    one.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); act(); } });
  }
  return {
    holder, choose,
    listen(frame, box) { onFrame = frame; onBox = box; },
    // Puts every frame to where it is at `at`.
    show(at, chosen) {
      const layer = svg().querySelector(".frames"), now = film.underWay(at), keep = new Set(now);
      for (const [hop, mark] of frames) if (!keep.has(hop)) { mark.remove(); frames.delete(hop); }
      busy.forEach((line) => line.classList.remove("busy")); busy = [];
      for (const hop of now.slice(0, 400)) {
        const leaves = data.hops.l[hop], share = Math.min(1, Math.max(0, (at - leaves) / (film.arrives(hop) - leaves)));
        const { x, y, index } = point(hop, share), id = data.hops.f[hop], about = film.frames.get(id);
        let mark = frames.get(hop);
        if (!mark) {
          const label = about && /^packet /.test(about.name) ? about.name.slice(7) : String(id), wide = 16 + 7 * label.length;
          mark = draw("g", { class: "frame kind" + kindOf(about ? about.says : ""), onclick: () => onFrame(id) }, draw("title", {}, (about ? about.name + ": " + about.says : "frame " + id)), draw("rect", { x: -wide / 2, y: -9, width: wide, height: 18, rx: 5 }), draw("text", { y: 4 }, label));
          layer.append(mark); frames.set(hop, mark);
        }
        mark.setAttribute("transform", "translate(" + x.toFixed(1) + " " + y.toFixed(1) + ")");
        mark.classList.toggle("chosen", id === chosen);
        mark.classList.toggle("dying", film.lost.has(hop) && share > 0.5);
        const cable = svg().querySelector('[data-cable="' + index + '"]');
        cable.classList.add("busy"); busy.push(cable);
      }
      return now.length;
    },
    // Marks the boxes that do something at a step, and what became of the copies there.
    mark(step, box) {
      acting.forEach((one) => one.classList.remove("acts")); ends.forEach((one) => one.remove()); acting = []; ends = [];
      for (const record of film.recordsOf(step)) {
        const one = svg().querySelector('[data-device="' + record.box + '"]');
        one.classList.add("acts"); acting.push(one);
        const sign = { dropped: ["✕", "bad"], delivered: ["✓", "good"], filtered: ["–", "no"] }[record.kind];
        if (sign) { const { x, y } = centre(record.box); const text = draw("text", { class: "end " + sign[1], x: x + 48, y: y - 22 }, sign[0]); svg().querySelector(".frames").append(text); ends.push(text); }
      }
      for (const name of ["wide", "tall"]) for (const one of drawings[name].querySelectorAll(".device")) one.classList.toggle("chosen", +one.dataset.device === box);
    },
  };
})();
