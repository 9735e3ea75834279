"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");
const SVG = "http://www.w3.org/2000/svg";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// What this script says, in the language of the reader: the words of other languages stand in the page, found by the
// English ones, sentences by what stands between their parts.
const words = document.getElementById("words");
const phrases = new Map(words ? Object.entries(JSON.parse(words.textContent)) : []);
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const sentences = [...phrases].filter(([english]) => english.includes("{}")).map(([english, told]) => [new RegExp("^" + english.split("{}").map(escaped).join("(.*?)") + "$", "s"), told]);
function say(text) {
  if (!phrases.size || typeof text !== "string") return text;
  const found = phrases.get(text);
  if (found !== undefined || !/[A-Za-z]/.test(text)) return found ?? text;
  for (const [sentence, told] of text.includes(" ") ? sentences : []) {
    const parts = sentence.exec(text);
    let next = 0;
    if (parts) return told.replace(/\{(\d*)\}/g, (_, place) => { next = place === "" ? next : +place; return say(parts[++next]); });
  }
  return text;
}
// What was named or said by others is never looked up.
const raw = (text) => document.createTextNode(text);
const LABELS = ["aria-label", "title", "placeholder", "data-label", "aria-valuetext"];

// Elements are made from text, never from markup: whatever a packet says stays text.
function fit(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? "" : LABELS.includes(key) ? say(value) : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false).map((child) => (child instanceof Node ? child : say(String(child)))));
  return element;
}
const el = (name, attributes, ...children) => fit(document.createElement(name), attributes, children);
const draw = (name, attributes, ...children) => fit(document.createElementNS(SVG, name), attributes, children);
const button = (text, onclick, attributes) => el("button", { type: "button", class: "plain", onclick, ...attributes }, text);

function octets(count) {
  if (count < 10000) return count + " B";
  let value = count;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    value /= 1000;
    if (value < 999.5 || unit === "TB") return value.toPrecision(3) + " " + unit;
  }
}
function span(nanos) {
  const size = Math.abs(nanos), sign = nanos < 0 ? "−" : "";
  if (size < 1e3) return sign + Math.round(size) + " ns";
  if (size < 999500) return sign + (size / 1e3).toPrecision(3) + " µs";
  if (size < 999500000) return sign + (size / 1e6).toPrecision(3) + " ms";
  if (size < 120e9) return sign + (size / 1e9).toPrecision(3) + " s";
  const seconds = Math.round(size / 1e9);
  return sign + Math.floor(seconds / 60) + " min " + (seconds % 60) + " s";
}
const moment = (nanos) => new Date(nanos / 1e6).toISOString().replace("T", " ").replace("Z", "");
const many = (count, word) => count + " " + (phrases.get("#" + word) || (count === 1 ? word : /[^aeiou]y$/.test(word) ? word.slice(0, -1) + "ies" : word + (/s$/.test(word) ? "es" : "s")));
const end = (side) => (side.address.includes(":") ? "[" + side.address + "]" : side.address) + ":" + side.port;
const listed = (numbers, count) => numbers.slice(0, 6).join(", ") + ((count || numbers.length) > 6 ? ", …" : "");

// A table whose columns sort. A row may lead somewhere (`go`) or open below itself (`open`); long tables show more on
// demand and can be searched.
const col = (name, show, number, key) => ({ name, show, number, key });
function table(columns, rows, options = {}) {
  const { go, open, limit = 100, find } = options;
  const body = el("tbody");
  let order = rows.slice(), shown = limit, sorted = null, up = true;
  const more = button("", () => { shown += 1000; fill(); });
  const choose = (row, line) => {
    if (go) return go(row);
    if (line.nextSibling && line.nextSibling.classList.contains("more")) { line.nextSibling.remove(); line.setAttribute("aria-expanded", "false"); return; }
    line.setAttribute("aria-expanded", "true");
    line.after(el("tr", { class: "more" }, el("td", { colspan: columns.length }, open(row))));
  };
  function fill() {
    body.replaceChildren(...order.slice(0, shown).map((row) => {
      const cells = columns.map((column) => {
        const value = column.show(row);
        return el("td", { class: column.number ? "n" : undefined, "data-label": column.name }, value);
      });
      if (!go && !open) return el("tr", {}, ...cells);
      const line = el("tr", { class: "go", tabindex: 0, "aria-expanded": open && "false",
        onclick: () => choose(row, line),
        onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(row, line); } } }, ...cells);
      return line;
    }));
    more.hidden = shown >= order.length;
    more.textContent = say("show more of " + order.length);
  }
  const heads = columns.map((column) => {
    const sort = () => {
      up = sorted === column ? !up : !column.number;
      sorted = column;
      const key = column.key || ((row) => { const value = column.show(row); return value instanceof Node ? value.textContent : value; });
      order.sort((x, y) => { const a = key(x), b = key(y); return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1); });
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[columns.indexOf(column)].setAttribute("aria-sort", up ? "ascending" : "descending");
      fill();
    };
    return el("th", { class: column.number ? "n" : undefined, scope: "col" }, el("button", { type: "button", onclick: sort }, column.name));
  });
  fill();
  const whole = el("div", {}, el("div", { class: "wide" }, el("table", { class: "fold" }, el("thead", {}, el("tr", {}, ...heads)), body)), more);
  if (find && rows.length > 8) {
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, columns.map((column) => { const value = column.show(row); return value instanceof Node ? value.textContent : String(value); }).join("\n").toLowerCase());
      return texts.get(row);
    };
    whole.prepend(el("input", { type: "search", class: "screen", placeholder: find, "aria-label": find, oninput: (event) => {
      const wanted = event.target.value.toLowerCase();
      order = rows.filter((row) => textOf(row).includes(wanted));
      shown = limit; fill();
    } }));
  }
  return whole;
}

// What a code means and which rule decided, for a student.
function explained(code, rule, confidence) {
  const about = data.codes.list[code];
  const by = rule || about.rule;
  return el("div", { class: "explained" },
    el("p", {}, about.explanation),
    data.codes.rules[by] ? el("p", {}, el("b", {}, "Rule " + by + ": "), data.codes.rules[by]) : el("p", {}, el("b", {}, "Rule " + by)),
    el("p", { class: "dim small" }, about.code + " · " + say(about.severity) + (confidence && confidence !== "certain" ? " · " + say(confidence) : "") + " · netlab explain " + about.code));
}
