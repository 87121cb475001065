// SPDX-License-Identifier: Apache-2.0
// Brings the flame graph to life that an svg element shows: in a file of its own, or in a figure of a
// page, whose headings and buttons are then the page's.
function flameGraph(svg) {
  'use strict';
  const figure = svg.closest('figure.flame'), host = figure || svg;
  const SVG = 'http://www.w3.org/2000/svg', XHTML = 'http://www.w3.org/1999/xhtml';
  const units = JSON.parse(svg.dataset.units);
  const row = 19, margin = figure ? 0 : 16, charWidth = 7.23, smallest = 0.3;
  let unit = Number(svg.dataset.unit), icicle = svg.dataset.icicle === '1';
  const wideTop = Number(svg.dataset.top), wide = 900;
  let width = 1200, top = wideTop, zoomed = null, here = null, hits = null;

  // ---- the frames, parents first ----
  const numbers = text => text.split(' ').map(Number);
  const nodes = Array.from(svg.querySelectorAll('.f'), element => {
    const title = element.querySelector('title');
    const node = { element, rect: element.querySelector('rect'), text: element.querySelector('text'),
      name: title.textContent.split('\n')[0], depth: Number(element.dataset.d), children: [], parent: null,
      total: numbers(element.dataset.v), base: element.dataset.b ? numbers(element.dataset.b) : null };
    node.self = element.dataset.s ? numbers(element.dataset.s) : null;
    title.remove();
    element.removeAttribute('display');
    element.setAttribute('aria-label', node.name);
    return node;
  });
  const open = [];
  for (const node of nodes) {
    open.length = node.depth;
    if (node.depth > 0) {
      node.parent = open[node.depth - 1];
      node.place = node.parent.children.push(node) - 1;
    }
    open[node.depth] = node;
    node.element.addEventListener('click', () => zoom(node));
    node.element.addEventListener('mouseenter', () => say(node));
    node.element.addEventListener('mouseleave', () => say(here));
  }
  const root = nodes[0];
  for (const node of nodes) {
    if (!node.self) node.self = node.children.length ? node.total.map(() => 0) : node.total;
  }
  const deepest = Math.max(...nodes.map(node => node.depth));

  // ---- words ----
  const grouped = value => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
  const counted = (value, which) => grouped(value) + ' ' + (value === 1 ? which.one : which.of);
  const amount = value => {
    if (units[unit].name !== 'ns') return counted(value, units[unit]);
    let at = value, which = 0;
    const names = ['ns', 'us', 'ms', 's'];
    while (at >= 999.5 && which < 3) { at /= 1000; which += 1; }
    return (which === 0 ? at : at.toFixed(at < 9.995 ? 2 : at < 99.95 ? 1 : 0)) + ' ' + names[which];
  };
  const share = (part, whole) => whole > 0 ? (100 * part / whole).toFixed(2) + ' %' : '0 %';
  const figures = node => {
    const value = node.total[unit];
    let words = amount(value);
    if (units[unit].name === 'ns') words += ' (' + grouped(value) + ' ns ' + units[unit].of + ')';
    words += ', ' + share(value, root.total[unit]) + ' of all';
    if (zoomed) words += ', ' + share(value, zoomed.total[unit]) + ' of what is shown';
    if (node.self[unit] !== value) words += '; itself ' + amount(node.self[unit]);
    for (let other = 0; other < units.length; other += 1) {
      // Samples have no intervals, and those no samples.
      if (other !== unit && units[other].name !== 'ns' && node.total[other] !== 0) words += '; ' + counted(node.total[other], units[other]);
    }
    if (node.base) {
      words += '; before: ' + amount(node.base[unit]) + ', ' + share(node.base[unit], root.base[unit]);
    }
    return words;
  };
  const lines = { name: host.querySelector('.say-name'), figures: host.querySelector('.say-figures') };
  const texts = Array.from(svg.querySelectorAll('.cut'), element => ({ element, whole: element.textContent }));
  const initial = { name: lines.name.textContent || 'Point at a frame for its figures, click to zoom into it',
    figures: lines.figures.textContent };
  function say(node) {
    const name = node ? node.name : hits ? found() : initial.name;
    const rest = node ? figures(node) + ' \u00b7 source: ' + svg.dataset.source : initial.figures;
    shorten({ element: lines.name, whole: name });
    shorten({ element: lines.figures, whole: rest });
  }

  // ---- where things are ----
  const columns = glyph => glyph.codePointAt(0) >= 0x1100 ? 2 : 1;
  function fit(text, room) {
    const glyphs = Array.from(text);
    let used = 0;
    for (let i = 0; i < glyphs.length; i += 1) {
      used += columns(glyphs[i]);
      if (used > room || (used === room && i + 1 < glyphs.length)) {
        return i < 2 ? '' : glyphs.slice(0, i).join('') + '\u2026';
      }
    }
    return text;
  }
  const height = () => top + (deepest + 1) * row + margin;
  const above = node => icicle ? top + node.depth * row : top + (deepest - node.depth) * row;
  function place(node, x, room, path) {
    const shown = room >= smallest;
    node.shown = shown;
    node.x = x;
    node.room = room;
    node.element.style.display = shown ? '' : 'none';
    if (!shown) return;
    node.element.classList.toggle('path', path);
    const y = above(node);
    node.rect.setAttribute('x', x.toFixed(2));
    node.rect.setAttribute('y', y);
    node.rect.setAttribute('width', Math.max(room - 0.6, 0.3).toFixed(2));
    node.text.setAttribute('x', (x + 4).toFixed(2));
    node.text.setAttribute('y', y + 13);
    node.text.textContent = fit(node.name, Math.floor((room - 7) / charWidth));
  }
  // As much of a text of the heading as there is room for.
  function shorten(each) {
    const room = width - 2 * margin;
    each.element.textContent = each.whole;
    if (figure) return;
    let letters = Array.from(each.whole).length;
    while (letters > 3 && each.element.getComputedTextLength() > room) {
      letters = Math.min(letters - 1, Math.floor(letters * room / each.element.getComputedTextLength()));
      each.element.textContent = fit(each.whole, letters);
    }
  }
  // The same as in export/flame_colours.cpp.
  function tint(node) {
    if (!node.base) return;
    const before = node.base[unit], now = node.total[unit];
    const step = before + now === 0 ? 0 : Math.round(5 * Math.abs(now - before) / (before + now));
    node.element.classList.remove(node.tint || node.element.classList[1]);
    node.tint = (step > 0 && now < before ? 'l' : 'm') + step;
    node.element.classList.add(node.tint);
  }
  function layOut() {
    const box = svg.parentElement ? svg.parentElement.clientWidth : window.innerWidth;
    width = Math.max(box || 1200, 320);
    top = wideTop + (width < wide && !figure ? 38 : 0);
    const whole = width - 2 * margin;
    const path = new Set();
    for (let node = zoomed; node; node = node.parent) path.add(node);
    const inside = new Map();  // node: [x, pixels of one unit]
    for (const node of nodes) {
      if (!zoomed || node === zoomed) {
        if (node === (zoomed || root)) inside.set(node, [margin, whole / Math.max(node.total[unit], 1)]);
      } else if (path.has(node)) {
        place(node, margin, whole, true);
        continue;
      }
      const at = inside.get(node);
      if (!at) { node.shown = false; node.element.style.display = 'none'; continue; }
      place(node, at[0], node.total[unit] * at[1], false);
      if (!node.shown) continue;
      let x = at[0];
      for (const child of node.children) {
        inside.set(child, [x, at[1]]);
        x += child.total[unit] * at[1];
      }
    }
    svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height());
    svg.setAttribute('height', height());
    if (!figure) layOutHeading();
    if (hits) search(input.value);
    say(here);
  }

  function layOutHeading() {
    svg.querySelector('.paper').setAttribute('width', width);
    svg.querySelector('.paper').setAttribute('height', height());
    const paper = svg.querySelector('.head-paper');
    paper.setAttribute('width', width);
    paper.setAttribute('height', top - 8);
    const line = svg.querySelector('.head .line');
    line.setAttribute('x2', width);
    line.setAttribute('y1', top - 8);
    line.setAttribute('y2', top - 8);
    texts.forEach(shorten);
    for (const each of svg.querySelectorAll('.legend')) {
      each.style.display = Number(each.dataset.end) > width - margin ? 'none' : '';
    }
    placeControls();
  }

  // ---- zoom ----
  function zoom(node) {
    zoomed = node === root ? null : node;
    choose(null);
    layOut();
    if (zoomed && !hits) say(zoomed);
    reset.setAttribute('aria-disabled', String(!zoomed && !hits));
  }

  // ---- search ----
  function matcher(text) {
    try {
      input.classList.remove('wrong');
      const pattern = new RegExp(text, 'i');
      return name => pattern.test(name);
    } catch (problem) {
      input.classList.add('wrong');
      const lower = text.toLowerCase();
      return name => name.toLowerCase().includes(lower);
    }
  }
  function found() {
    const whole = (zoomed || root).total[unit];
    return hits.frames + (hits.frames === 1 ? ' frame' : ' frames') + ' match: ' + amount(hits.value) + ', ' +
      share(hits.value, whole) + (zoomed ? ' of what is shown' : ' of all');
  }
  function search(text) {
    svg.classList.toggle('searching', text !== '');
    hits = text === '' ? null : { frames: 0, value: 0 };
    const matches = text === '' ? () => false : matcher(text);
    if (text === '') input.classList.remove('wrong');
    const covered = new Set();  // below a match: counted with it
    for (const node of nodes) {
      const hit = matches(node.name);
      node.element.classList.toggle('hit', hit);
      if (hit && node.shown && !node.element.classList.contains('path')) {
        hits.frames += 1;
        if (!covered.has(node.parent)) hits.value += node.total[unit];
      }
      const counted = hit && !node.element.classList.contains('path');
      if (counted || covered.has(node.parent)) covered.add(node);
    }
    reset.setAttribute('aria-disabled', String(!zoomed && !hits));
    say(here);
  }

  // ---- the keyboard ----
  function choose(node) {
    if (here) here.element.classList.remove('here');
    here = node;
    if (here) {
      here.element.classList.add('here');
      if (figure) here.element.scrollIntoView({ block: 'nearest' });
      else follow(above(here));
    }
    say(here);
  }
  // Not hidden by the heading, which stays in sight.
  function follow(y) {
    const head = top - 8;
    if (y < window.scrollY + head) window.scrollTo(0, y - head);
    if (y + row > window.scrollY + window.innerHeight) window.scrollTo(0, y + row - window.innerHeight + margin);
  }
  function step(way) {
    if (!here) return choose(zoomed || root);
    if (way === 'out' && here.parent) return choose(here.parent);
    if (way === 'in') {
      const shown = here.children.filter(child => child.shown);
      if (shown.length) choose(shown.reduce((best, child) => child.total[unit] > best.total[unit] ? child : best));
    }
    if ((way === 1 || way === -1) && here.parent) {
      const next = here.parent.children[here.place + way];
      if (next && next.shown) choose(next);
    }
  }
  const keys = {
    ArrowUp: () => step(icicle ? 'out' : 'in'), ArrowDown: () => step(icicle ? 'in' : 'out'),
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Enter: () => here && zoom(here), Escape: () => everything(), Backspace: () => zoomed && zoom(zoomed.parent || root),
    '/': () => input.focus(), u: () => nextUnit(), i: () => turn()
  };
  (figure || window).addEventListener('keydown', event => {
    if (!figure && (event.ctrlKey || event.metaKey) && event.key === 'f') { event.preventDefault(); input.focus(); input.select(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === input) {
      if (event.key === 'Escape') { everything(); input.blur(); }
      return;
    }
    if (event.target.closest && event.target.closest('button')) return;
    const button = event.target.closest && event.target.closest('.button');
    if (button && (event.key === 'Enter' || event.key === ' ')) { event.preventDefault(); button.dispatchEvent(new Event('click')); return; }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // ---- controls ----
  const controls = figure ? document.createElement('div') : document.createElementNS(SVG, 'g');
  controls.setAttribute('class', figure ? 'tools' : 'controls');
  function button(label, hint, act) {
    const made = figure ? buttonOfPage(hint) : buttonOfGraph(hint);
    made.setAttribute('aria-label', hint);
    made.addEventListener('click', act);
    made.label(label);
    controls.append(made);
    return made;
  }
  function buttonOfPage(hint) {
    const made = document.createElement('button');
    made.type = 'button';
    made.title = hint;
    made.label = words => { made.textContent = words; };
    return made;
  }
  function buttonOfGraph(hint) {
    const group = document.createElementNS(SVG, 'g');
    group.setAttribute('class', 'button');
    group.setAttribute('role', 'button');
    group.setAttribute('tabindex', '0');
    const rect = document.createElementNS(SVG, 'rect');
    rect.setAttribute('height', 26);
    rect.setAttribute('rx', 6);
    const text = document.createElementNS(SVG, 'text');
    text.setAttribute('y', 17);
    text.setAttribute('text-anchor', 'middle');
    const title = document.createElementNS(SVG, 'title');
    title.textContent = hint;
    group.append(title, rect, text);
    group.label = words => {
      text.textContent = words;
      group.room = Math.round(words.length * 6.6) + 20;
      rect.setAttribute('width', group.room);
      text.setAttribute('x', group.room / 2);
    };
    return group;
  }
  const reset = button('Reset', 'Show everything again (Escape)', () => everything());
  reset.setAttribute('aria-disabled', 'true');
  const turner = button(icicle ? 'Flame' : 'Icicle', 'Turn it upside down (i)', () => turn());
  const counter = units.length > 1 ? button(units[unit].name, 'Count in another unit (u)', () => nextUnit()) : null;
  const input = document.createElementNS(XHTML, 'input');
  input.setAttribute('type', 'text');
  input.setAttribute('placeholder', 'Search  /');
  input.setAttribute('aria-label', 'Search frames: text or a regular expression');
  input.setAttribute('spellcheck', 'false');
  input.addEventListener('input', () => search(input.value));
  const foreign = document.createElementNS(SVG, 'foreignObject');
  const head = svg.querySelector('.head');
  if (figure) {
    controls.append(input);
    svg.parentElement.before(controls);
  } else {
    foreign.setAttribute('height', 28);
    foreign.append(input);
    controls.append(foreign);
    head.append(controls);
  }
  function placeControls() {
    const narrow = width < wide;
    const field = Math.min(230, Math.max(110, width / 5));
    const y = narrow ? wideTop - 6 : 12;
    let x = narrow ? margin : width - margin - field;
    foreign.setAttribute('width', field);
    foreign.setAttribute('y', y);
    foreign.setAttribute('x', x);
    x += narrow ? field + 8 : -8;
    for (const each of narrow ? [reset, turner, counter] : [counter, turner, reset]) {
      if (!each) continue;
      if (!narrow) x -= each.room;
      each.setAttribute('transform', 'translate(' + x + ' ' + y + ')');
      x += narrow ? each.room + 8 : -8;
    }
  }
  function everything() {
    input.value = '';
    search('');
    zoom(root);
  }
  function turn() {
    icicle = !icicle;
    turner.label(icicle ? 'Flame' : 'Icicle');
    layOut();
  }
  function nextUnit() {
    unit = (unit + 1) % units.length;
    counter.label(units[unit].name);
    nodes.forEach(tint);
    layOut();
  }

  if (figure) {
    let before = 0;
    new ResizeObserver(() => {
      if (svg.parentElement.clientWidth === before) return;
      before = svg.parentElement.clientWidth;
      layOut();
    }).observe(svg.parentElement);
  } else {
    window.addEventListener('resize', layOut);
  }
  if (svg === document.documentElement) {  // the heading stays in sight
    const stay = () => head.setAttribute('transform', 'translate(0 ' + Math.max(0, window.scrollY) + ')');
    window.addEventListener('scroll', stay, { passive: true });
  }
  layOut();
  if (!icicle && svg === document.documentElement) window.scrollTo(0, height());
  svg.dataset.ready = '1';
}
