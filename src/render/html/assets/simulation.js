// The page of a run: player, what happens now, what the boxes remember, the ledger of a frame.
let position = 0, playing = false, speed = 1, chosenFrame = 0, chosenBox = -1, shownStep = -1, lastTick = 0;

function eventWords(record) {
  const words = [el("b", {}, raw(film.place(record.box, record.port))), " ", el("span", { class: record.kind }, record.kind)];
  if (record.text) words.push(" " + record.text);
  return words;
}
function why(record) {
  const parts = [];
  const [code, rule, sentence] = record.reason;
  if (sentence) parts.push(el("p", {}, "Because ", sentence, say(". "), el("span", { class: "tag dim" }, record.rule || rule), el("span", { class: "dim small" }, " " + code)));
  else if (record.rule) parts.push(el("p", {}, el("span", { class: "tag dim" }, record.rule)));
  parts.push(el("p", { class: "dim small" }, record.meaning));
  if (record.lines.length) parts.push(el("pre", {}, record.lines.join("\n")));
  return parts;
}
const frameName = (id) => (film.frames.get(id) || { name: say("frame " + id) }).name;
function frameButton(id) {
  return el("button", { type: "button", class: "plain small", onclick: () => chooseFrame(id) }, frameName(id));
}
function nowPanel(step) {
  if (step === 0) return [el("p", { class: "dim" }, "Nothing has happened yet. Press ", el("kbd", {}, "space"), " to play, ", el("kbd", {}, "→"), " for one step.")];
  return film.recordsOf(step).slice(0, 40).map((record) => {
    const about = record.frame ? film.frames.get(record.frame) : null;
    return el("div", { class: "event" }, el("p", {}, ...eventWords(record), " ", record.frame ? frameButton(record.frame) : null),
      about && (record.kind === "sent" || record.kind === "received") ? el("p", { class: "mono" }, raw(about.says)) : null, ...why(record));
  });
}
function logLine(record, at) {
  const line = el("button", { type: "button", onclick: () => goTo(record.step) }, el("time", {}, clock(record.at)), ...eventWords(record), " ",
    record.frame ? el("span", { class: "dim" }, frameName(record.frame)) : null, record.reason[0] ? el("span", { class: "dim" }, " [" + (record.rule || record.reason[1]) + ": " + record.reason[0] + "]") : record.rule ? el("span", { class: "dim" }, " [" + record.rule + "]") : null);
  line.className = record.step === at ? "is" : record.step > at ? "later" : "";
  return el("li", {}, line);
}
function logPanel(step) {
  const list = el("ol", { class: "log", "aria-label": "events around this moment" });
  let count = 0, from = step;
  while (from > 1 && count < 14) { count += data.steps.n[from - 1]; from--; }
  let current = null;
  for (let one = Math.max(1, from); one <= Math.min(film.count, step + 4); one++) for (const record of film.recordsOf(one).slice(0, 60)) {
    const line = logLine(record, step);
    if (record.step <= step) current = line;
    list.append(line);
  }
  requestAnimationFrame(() => { if (current) list.scrollTop = Math.max(0, current.offsetTop - list.offsetTop - list.clientHeight + 60); });
  return list;
}
function memoryPanel(step) {
  const parts = [];
  const acting = new Set(film.recordsOf(step).map((record) => record.box));
  const few = data.boxes.length <= 8;
  data.boxes.forEach((box, index) => {
    if (chosenBox >= 0 ? index !== chosenBox : !few && !acting.has(index)) return;
    const { now, since, before } = film.memory(index, step);
    for (const [kind, rows] of now) {
      const [name, heads] = data.tables[kind];
      // Who watches all boxes wants to see what changes; the routes of every host rarely do.
      if (chosenBox < 0 && name === "routes" && box.kind !== "router") continue;
      const old = new Set((before.find(([other]) => other === kind) || [0, []])[1]);
      const isFresh = (row) => since === step && step > 0 && !old.has(row);
      parts.push(el("h4", {}, say(say(name) + " of " + box.name)), el("div", { class: "wide" }, el("table", { class: "fold" }, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, ...rows.slice(0, 80).map((row) => el("tr", { class: isFresh(row) && "fresh" }, ...data.rows[row].map((cell, column) => el("td", { "data-label": heads[column] }, cell))))))));
      if (rows.length > 80) parts.push(el("p", { class: "dim small" }, "… and " + (rows.length - 80) + " more rows"));
    }
  });
  if (!parts.length) parts.push(el("p", { class: "dim" }, chosenBox >= 0 ? data.boxes[chosenBox].name + " remembers nothing yet." : few ? "No box remembers anything yet." : "Choose a box to see what it remembers; otherwise the boxes that act are shown."));
  return parts;
}
function ledgerPanel(step) {
  if (!chosenFrame) return [el("p", { class: "dim" }, "Choose a frame, on a link or in the list, to see its whole way.")];
  const about = film.frames.get(chosenFrame), places = film.ofFrame.get(chosenFrame) || [];
  const ends = { delivered: 0, filtered: 0, dropped: 0 };
  const lines = places.map((place) => film.record(place));
  for (const record of lines) if (record.kind in ends) ends[record.kind]++;
  const list = el("ol", { class: "log", "aria-label": "way of " + about.name });
  lines.slice(0, 300).forEach((record) => list.append(logLine(record, step)));
  return [el("p", {}, el("b", {}, about.name + ": "), el("span", { class: "mono" }, raw(about.says)), about.from ? say(" It carries on what came in " + frameName(about.from) + ".") : ""),
    ...(about.notes || []).map(([code, text, rule]) => el("details", {}, el("summary", { class: data.codes.list[code].severity }, text + " [" + rule + "]"), explained(code, rule))),
    list, lines.length > 300 ? el("p", { class: "dim small" }, "… and " + (lines.length - 300) + " more events") : null,
    el("p", { class: "dim small" }, say("Copies: " + ends.delivered + " delivered, " + ends.filtered + " filtered, " + ends.dropped + " dropped") + (data.unfilmed ? say(" within the film") : "") + say("."))];
}
function chooseFrame(id) { chosenFrame = id; shownStep = -1; refresh(); }
function chooseBox(box) { chosenBox = box; boxes.value = String(box); shownStep = -1; refresh(); }
function goTo(step) { pause(); position = Math.max(0, Math.min(film.count, step)); refresh(); }

// ---- the player ----
const now = el("div", { class: "box now", "aria-live": "polite" }), log = el("div"), memory = el("div", { class: "memory" }), ledger = el("div");
const time = el("span", { class: "clock" }), where = el("span", { class: "dim" });
const slider = el("input", { type: "range", min: 0, max: film.count, step: 1, value: 0, "aria-label": "moment of the run, in steps", oninput: (event) => goTo(+event.target.value) });
const play = button("▶ play", () => (playing ? pause() : start()), { class: "plain big", "aria-label": "play" });
const speeds = [0.25, 0.5, 1, 2, 4, 8, 16, 32];
const pace = el("select", { "aria-label": "speed", onchange: (event) => { speed = +event.target.value; } }, ...speeds.map((one) => el("option", { value: one, selected: one === 1 }, one + "×")));
const boxes = el("select", { "aria-label": "whose tables are shown", onchange: (event) => chooseBox(+event.target.value) }, el("option", { value: -1 }, data.boxes.length <= 8 ? "all boxes" : "boxes that act"), ...data.boxes.map((box, index) => el("option", { value: index }, raw(box.name))));

const speakUp = (loud) => now.setAttribute("aria-live", loud ? "polite" : "off");
function start() {
  speakUp(false);
  if (position >= film.count) position = 0;
  playing = true; lastTick = 0; play.textContent = say("❚❚ pause"); play.setAttribute("aria-label", say("pause"));
  requestAnimationFrame(tick);
}
function pause() { playing = false; speakUp(true); play.textContent = say("▶ play"); play.setAttribute("aria-label", say("play")); }
function tick(stamp) {
  if (!playing) return;
  const passed = lastTick ? Math.min(200, stamp - lastTick) : 0;
  lastTick = stamp;
  // Two steps a second at speed 1; whoever wants no motion sees one moment after the other.
  position = Math.min(film.count, position + (passed / 500) * speed);
  refresh();
  if (position >= film.count) pause(); else requestAnimationFrame(tick);
}
function refresh() {
  const step = Math.floor(position + 1e-9);
  const flying = stage.show(calm.matches ? step : position, chosenFrame);
  const next = Math.min(film.count, step + 1);
  time.textContent = clock(film.times[step] + (film.times[next] - film.times[step]) * (position - step));
  if (step === shownStep) return;
  shownStep = step;
  slider.value = String(step);
  slider.setAttribute("aria-valuetext", say("step " + step + " of " + film.count) + ", " + clock(film.times[step]));
  where.textContent = say("step " + step + " of " + film.count) + (flying ? ", " + say(many(flying, "frame") + " under way") : "");
  stage.mark(step, chosenBox);
  now.replaceChildren(...nowPanel(step));
  log.replaceChildren(logPanel(step));
  memory.replaceChildren(...memoryPanel(step));
  ledger.replaceChildren(...ledgerPanel(step).filter(Boolean));
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search], select")) return;
  const act = { " ": () => (playing ? pause() : start()), ArrowRight: () => goTo(Math.floor(position) + (event.shiftKey ? 10 : 1)), ArrowLeft: () => goTo(Math.ceil(position) - (event.shiftKey ? 10 : 1)), Home: () => goTo(0), End: () => goTo(film.count),
    "+": () => faster(1), "-": () => faster(-1) }[event.key];
  if (!act || (event.key === " " && event.target.matches("button, summary")) ) return;
  event.preventDefault(); act();
});
function faster(by) { speed = speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speed) + by))]; pace.value = String(speed); }

page.append(el("header", {}, el("h1", {}, raw(data.title)), ...data.story.split("\n\n").filter(Boolean).map((part) => el("p", {}, raw(part))),
  el("div", { class: "cards" }, ...data.facts.map(([name, value]) => el("div", { class: "card" }, el("b", {}, value), name)))));
if (data.unfilmed) page.append(el("p", { class: "warning" }, "This page films the first " + film.count + " steps, up to " + clock(film.times[film.count]) + ". The run went on for " + data.unfilmed[0] + " more events until " + clock(data.unfilmed[1]) + "; the sums above and the report below count them all."));
page.append(stage.holder, el("div", { class: "player" }, el("div", { class: "row" }, button("|◀", () => goTo(0), { "aria-label": "to the beginning" }), button("◀ step", () => goTo(Math.ceil(position) - 1), { "aria-label": "one step back" }), play, button("step ▶", () => goTo(Math.floor(position) + 1), { "aria-label": "one step forward" }), button("▶|", () => goTo(film.count), { "aria-label": "to the end" }), el("label", {}, "speed ", pace), time, where), slider,
  el("p", { class: "dim small screen hint" }, "Each step is one event, however long the time between. ", el("kbd", {}, "space"), " plays and pauses, ", el("kbd", {}, "←"), " ", el("kbd", {}, "→"), " step, with ", el("kbd", {}, "shift"), " ten; ", el("kbd", {}, "+"), " ", el("kbd", {}, "−"), " change the speed.")),
  el("div", { class: "halves" }, el("section", {}, el("h2", {}, "Now"), now, el("h2", {}, "Events"), log), el("section", {}, el("h2", {}, "What the boxes remember"), el("label", { class: "small" }, "tables of ", boxes), memory, el("h2", {}, "Ledger of a frame"), ledger)));
if (data.frames.length) page.append(el("h2", {}, "Frames"), table([col("frame", (one) => one.name, false, (one) => one.id), col("says", (one) => el("span", { class: "mono" }, raw(one.says))), col("begins", (one) => clock(film.record(film.ofFrame.get(one.id)[0]).at), true, (one) => film.ofFrame.get(one.id)[0]), col("events", (one) => film.ofFrame.get(one.id).length, true)],
  data.frames, { limit: 30, find: "find a frame", go: (one) => { chosenFrame = one.id; goTo(film.record(film.ofFrame.get(one.id)[0]).step); shownStep = -1; refresh(); stage.holder.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" }); } }));
if (data.expected.length) page.append(el("h2", {}, "Expected"), el("ul", { class: "expect" }, ...data.expected.map(([line, met, instead]) => el("li", {}, el("span", { class: met ? "chat" : "error" }, met ? "✓ " : "✗ "), raw(line), instead ? el("span", { class: "error" }, say(" — instead ") + instead) : null))));
const report = el("details", {}, el("summary", {}, "The report in text"), el("pre", {}, raw(data.report)));
// On paper nothing can be opened.
let wasOpen = false;
addEventListener("beforeprint", () => { wasOpen = report.open; report.open = true; });
addEventListener("afterprint", () => { report.open = wasOpen; });
page.append(report, el("p", { class: "dim small" }, "Made by netlab. This page needs no network."));

stage.listen(chooseFrame, chooseBox);
stage.choose();
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; stage.choose(); shownStep = -1; refresh(); } });
refresh();
document.body.dataset.ready = "yes";
