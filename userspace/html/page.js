// SPDX-License-Identifier: Apache-2.0
// Everything can be read without this: it sorts tables, and zooms and explains time lines and flame
// graphs.
"use strict";

// ---- tables ----

function keyOf(body, column) {
  const cell = body.rows[0].cells[column];
  if (!cell) return null;
  const data = cell.querySelector("data");
  if (data) return Number(data.value);
  if (cell.querySelector(".absent")) return null;
  const text = cell.textContent.trim();
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

// What has no figure stays at the end, whichever way it is sorted.
function compareKeys(a, b, direction) {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  if (typeof a === "number" && typeof b === "number") return (a - b) * direction;
  return String(a).localeCompare(String(b)) * direction;
}

function sortBy(table, column, head) {
  const numbers = head.classList.contains("number");
  const first = numbers ? "descending" : "ascending";
  const second = numbers ? "ascending" : "descending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const bodies = Array.from(table.tBodies, body => ({body, key: keyOf(body, column)}));
  bodies.sort((a, b) => compareKeys(a.key, b.key, order === "ascending" ? 1 : -1));
  for (const each of bodies) table.append(each.body);
}

for (const table of document.querySelectorAll("table.sorts")) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    if (head.classList.contains("states") || head.textContent === "") return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.title = "sort the rows that are here";
    button.addEventListener("click", () => sortBy(table, column, head));
    head.replaceChildren(button);
  });
}

// ---- durations ----

function duration(ns) {
  const units = [["s", 1e9], ["ms", 1e6], ["us", 1e3]];
  for (const [unit, size] of units) {
    if (ns >= size) return (ns / size).toPrecision(ns / size >= 1000 ? 4 : 3).replace(/\.?0+$/, match => match.startsWith(".") ? "" : match) + " " + unit;
  }
  return Math.round(ns) + " ns";
}

// ---- time lines ----

const kStates = {running: "on CPU", runnable: "runnable", unknown: "unknown", blocked: "blocked"};
const kTicks = 6;
const kLastLabel = 0.95;

// "M3,100V40H7V20H9V100Z" at column 8: 80, the height in per cent.
function heightAt(path, column) {
  let height = 0, x = 0;
  const steps = path.getAttribute("d").match(/[MVH][\d.]+/g) || [];
  for (const step of steps) {
    const value = Number(step.slice(1));
    if (step[0] === "M") { x = value; if (column < x) return 0; }
    if (step[0] === "V") height = 100 - value;
    if (step[0] === "H") { if (column < value) return height; x = value; }
  }
  return 0;
}

class TimeLine {
  constructor(figure) {
    this.figure = figure;
    this.lanes = figure.querySelector(".lanes");
    this.columnNs = Number(figure.dataset.columnNs);
    this.skippedNs = Number(figure.dataset.skippedNs);
    this.durationNs = Number(figure.dataset.durationNs);
    this.drawings = Array.from(figure.querySelectorAll("svg.drawing"));
    this.axis = figure.querySelector("svg.axis");
    this.addTools();
    this.addPointer();
    this.show(0, this.durationNs);
  }

  addTools() {
    const tools = document.createElement("div");
    tools.className = "tools";
    const add = (label, title, action) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.title = title;
      button.addEventListener("click", action);
      tools.append(button);
    };
    add("+", "closer (key +)", () => this.zoom(0.5));
    add("\u2212", "farther (key -)", () => this.zoom(2));
    add("\u2190", "earlier (key Left)", () => this.move(-0.4));
    add("\u2192", "later (key Right)", () => this.move(0.4));
    add("whole", "the whole recording (key 0)", () => this.show(0, this.durationNs));
    this.told = document.createElement("output");
    tools.append(this.told);
    this.lanes.before(tools);
    this.lanes.tabIndex = 0;
    const keys = {"+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      ArrowLeft: () => this.move(-0.4), ArrowRight: () => this.move(0.4),
      "0": () => this.show(0, this.durationNs)};
    this.lanes.addEventListener("keydown", event => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
  }

  // Not closer than that ten columns fill the room, and never beyond the ends.
  show(from, to) {
    const least = Math.min(this.durationNs, 10 * this.columnNs);
    const length = Math.min(Math.max(to - from, least), this.durationNs);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - length / 2, 0), this.durationNs - length);
    this.to = this.from + length;
    const x = (this.skippedNs + this.from) / this.columnNs;
    const box = x + " 0 " + length / this.columnNs + " 100";
    for (const drawing of this.drawings) drawing.setAttribute("viewBox", box);
    this.drawAxis();
    const whole = length === this.durationNs;
    this.told.textContent = whole ? "drag over a part to see it closer" :
      "+" + duration(this.from) + " \u2013 +" + duration(this.to);
  }

  zoom(factor) {
    const middle = (this.from + this.to) / 2, half = (this.to - this.from) / 2 * factor;
    this.show(middle - half, middle + half);
  }

  move(share) {
    const by = (this.to - this.from) * share;
    this.show(this.from + by, this.to + by);
  }

  drawAxis() {
    const length = this.to - this.from;
    let step = Math.pow(10, Math.floor(Math.log10(length / kTicks)));
    for (const factor of [2, 2.5, 2]) if (length / step > kTicks) step *= factor;
    const parts = [];
    const make = (name, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
      parts.push(element);
      return element;
    };
    for (let at = Math.ceil(this.from / step) * step; this.from + length * 0.97 > at; at += step) {
      const x = (at - this.from) / length * 100 + "%";
      make("line", {x1: x, x2: x, y1: 0, y2: 5});
      const share = (at - this.from) / length;
      if (share > kLastLabel) continue;
      const inside = share < 1 - kLastLabel ? {} : {class: "inside"};
      make("text", {...inside, x: x, y: 17}).textContent = at === 0 ? "0" : duration(at);
    }
    this.axis.replaceChildren(...parts);
  }

  // Where on the drawings: 0 is their left end, 1 their right one.
  shareAt(event) {
    const box = this.axis.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  }

  timeAt(share) { return this.from + (this.to - this.from) * share; }

  addPointer() {
    this.chosen = document.createElement("div");
    this.chosen.className = "chosen";
    this.chosen.hidden = true;
    this.bubble = document.createElement("div");
    this.bubble.className = "told";
    this.bubble.hidden = true;
    this.lanes.append(this.chosen);
    this.figure.append(this.bubble);
    let start = null;
    this.lanes.addEventListener("pointerdown", event => {
      if (event.pointerType !== "mouse" || event.button !== 0 || !event.target.closest("svg")) return;
      start = this.shareAt(event);
      this.lanes.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.lanes.focus({preventScroll: true});
    });
    this.lanes.addEventListener("pointermove", event => {
      if (start !== null) this.mark(start, this.shareAt(event));
      this.explain(event);
    });
    this.lanes.addEventListener("pointerup", event => {
      if (start === null) return;
      const end = this.shareAt(event);
      const range = [this.timeAt(Math.min(start, end)), this.timeAt(Math.max(start, end))];
      const far = Math.abs(end - start) > 0.01;
      start = null;
      this.chosen.hidden = true;
      if (far) this.show(range[0], range[1]);
    });
    this.lanes.addEventListener("pointerleave", () => { this.bubble.hidden = true; });
    this.lanes.addEventListener("dblclick", () => this.show(0, this.durationNs));
  }

  mark(a, b) {
    const box = this.axis.getBoundingClientRect(), left = this.lanes.getBoundingClientRect().left;
    this.chosen.hidden = false;
    this.chosen.style.left = box.left - left + Math.min(a, b) * box.width + "px";
    this.chosen.style.width = Math.abs(b - a) * box.width + "px";
  }

  explain(event) {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const drawing = under && under.closest("svg.drawing");
    this.bubble.hidden = !drawing;
    if (!drawing) return;
    const at = this.timeAt(this.shareAt(event));
    const column = Math.floor((at + this.skippedNs) / this.columnNs);
    const from = Math.max(column * this.columnNs - this.skippedNs, 0);
    const to = Math.min(from + this.columnNs, this.durationNs);
    const name = drawing.closest(".lane").querySelector(".name").firstChild;
    const lines = [(name ? name.textContent : "") + ", +" + duration(from) + " \u2013 +" + duration(to)];
    lines.push(...(drawing.dataset.scale ? this.statesAt(drawing, column) : this.toldAt(drawing, event)));
    this.bubble.textContent = lines.join("\n");
    const right = event.clientX + 330 > window.innerWidth;
    this.bubble.style.left = (right ? event.clientX - this.bubble.offsetWidth - 12 : event.clientX + 14) + "px";
    this.bubble.style.top = event.clientY + 16 + "px";
  }

  // Outlines are on top of each other: what is a state's own is the difference to the next lower.
  statesAt(drawing, column) {
    const scale = Number(drawing.dataset.scale);
    const heights = Array.from(drawing.querySelectorAll("path"), path =>
      ({state: kStates[path.getAttribute("class")], height: heightAt(path, column)}));
    const lines = [];
    heights.forEach((each, i) => {
      const below = i + 1 === heights.length ? 0 : heights[i + 1].height;
      const own = (each.height - below) * scale;
      if (own > 0) lines.unshift(each.state + " " + (scale > 1 ? (own / 100).toFixed(1) : Math.round(own) + " %"));
    });
    return lines.length ? lines : ["nothing recorded"];
  }

  toldAt(drawing, event) {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const title = under && under.querySelector("title");
    return title ? [title.textContent] : [];
  }
}

for (const figure of document.querySelectorAll("figure.time-line")) new TimeLine(figure);

// ---- flame graphs ----

// One at a time where there are several; on paper, all of them.
function chooseAmong(figures) {
  const choice = document.createElement("div");
  choice.className = "tools choice";
  const buttons = figures.map(figure => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = figure.dataset.name;
    button.addEventListener("click", () => show(figure));
    choice.append(button);
    return button;
  });
  function show(chosen) {
    figures.forEach((figure, i) => {
      figure.classList.toggle("aside", figure !== chosen);
      buttons[i].setAttribute("aria-pressed", String(figure === chosen));
    });
  }
  figures[0].before(choice);
  show(figures[0]);
}

const flames = Array.from(document.querySelectorAll("figure.flame"));
if (flames.length > 1) chooseAmong(flames);
for (const figure of flames) flameGraph(figure.querySelector("svg.flames"));
