// The map of a collection: draws the points of map.bin with WebGL, and asks for the details of those that are looked at.
// Without this script, or without WebGL, the page is a picture with links, and lists. No part of it needs eval.
"use strict";
(() => {
  const box = document.getElementById("sem-map");
  if (!box) return;
  const data = box.dataset, find = (selector) => box.querySelector(selector);
  const canvas = find("canvas"), names = find(".sem-map-names"), card = find(".sem-map-card"), legend = find(".sem-map-legend");
  const outline = find(".sem-map-outline"), note = find(".sem-map-note"), field = find("input[type=search]"), select = find("select");
  const gl = canvas.getContext("webgl", { antialias: false, alpha: false, depth: false });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const say = (text) => { note.textContent = text; note.hidden = !text; };
  if (!gl) return say("This browser has no WebGL, so the map is shown as an image.");

  const SEQUENTIAL = [["#cfe3d4", "#9bd0b5", "#63b8a4", "#3a9a9a", "#2b7a91", "#285b85", "#2a3f75", "#2b2560"], ["#3b3f8f", "#3b5fb0", "#3a80bf", "#3f9fc0", "#55bbb5", "#83d3a5", "#bce596", "#f3f29a"]];
  const MORE = [["#a3543a", "#4a7a2c", "#8c8c8c", "#c9ced6"], ["#ffb59c", "#b5e08a", "#9aa3af", "#4a5363"]]; // beyond ten categories: two, others, none
  const VERTEX = `attribute vec2 place; attribute float code; uniform vec2 centre, scale; uniform float size; uniform vec4 palette[24]; varying vec4 colour;
    void main() { colour = palette[int(code)]; gl_PointSize = size;
      gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((place - centre) * scale, 0.0, 1.0); }`;
  const FRAGMENT = `precision mediump float; varying vec4 colour; uniform float round;
    void main() { vec2 d = gl_PointCoord - 0.5; if (dot(d, d) > round) discard; gl_FragColor = colour; }`;
  const CELLS = 256, TAU_MS = 180; // cells of the index along an axis; milliseconds after which the view is at rest

  let n = 0, x, y, codes, rows, place, cells, starts; // points: places 0 to 65535, codes, row numbers, and the index by cell
  let view = { x: 0.5, y: 0.5, k: 1 }, home = view, budget = 60000, moving = 0, last = 0, queued = false;
  let groups = [], legendNames = [], hidden = new Set(), ordered = false, hits = null, current = -1, near = [], polygon = [], lasso = null, lassoMode = false;
  const details = new Map(), waiting = new Set();
  let width = 1, height = 1, ratio = 1, program, locations, buffers;

  const url = (address, given) => { const made = new URL(address, location.href); for (const [key, value] of Object.entries(given)) made.searchParams.set(key, value); return made; };
  const ask = async (address, given = {}) => {
    const answer = await fetch(url(address, given), { credentials: "same-origin" });
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(found.error || answer.statusText);
    return found;
  };
  const failed = (error) => say(String(error.message || error));

  // WebGL
  function prepare() {
    program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return false;
    gl.useProgram(program);
    locations = Object.fromEntries(["centre", "scale", "size", "palette", "round"].map((name) => [name, gl.getUniformLocation(program, name)]));
    buffers = ["place", "code", "hitPlace", "hitCode"].map(() => gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    return true;
  }
  const upload = (which, values) => { gl.bindBuffer(gl.ARRAY_BUFFER, buffers[which]); gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW); };
  function attach(first) {
    for (const [name, which, size, type, unit] of [["place", first, 2, gl.UNSIGNED_SHORT, true], ["code", first + 1, 1, gl.UNSIGNED_BYTE, false]]) {
      const at = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[which]);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, type, unit, 0, 0);
    }
  }
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const scheme = () => (dark.matches ? 1 : 0);
  function colours() {
    const ten = (dark.matches ? data.paletteDark : data.palette).split(" ").map((hex) => "#" + hex);
    if (ordered) return [...SEQUENTIAL[scheme()].slice(8 - Math.min(8, legendNames.length)), MORE[scheme()][3]];
    return [...ten, ...MORE[scheme()].slice(0, 2), ...MORE[scheme()].slice(2)];
  }
  const colourOf = (code) => { const all = colours(); return legendNames[code] === "no value" ? MORE[scheme()][3] : / other values$/.test(legendNames[code] || "") ? MORE[scheme()][2] : all[code % all.length]; };
  function palette(alpha) {
    const values = new Float32Array(96);
    for (let code = 0; code < 24; code++) values.set([...rgb(colourOf(code)), hidden.has(code) ? 0 : alpha], 4 * code);
    gl.uniform4fv(locations.palette, values);
  }
  const dotSize = () => Math.min(16, Math.max(1.6, Math.min(n < 300 ? 13 : 9, 620 / Math.sqrt(n)) * (view.k / home.k) ** 0.42)) * ratio;

  function draw() {
    queued = false;
    const now = performance.now(), busy = now - moving < TAU_MS;
    if (busy && last && now - last < 400) budget = Math.min(2e6, Math.max(8000, budget * (now - last > 42 ? 0.8 : now - last < 24 ? 1.15 : 1)));
    last = busy ? now : 0;
    const ground = rgb(dark.matches ? "#12171f" : "#f8fafb"), size = dotSize();
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(locations.centre, view.x, view.y);
    gl.uniform2f(locations.scale, 2 * view.k / width, 2 * view.k / height);
    gl.uniform1f(locations.size, size);
    gl.uniform1f(locations.round, size < 3 ? 1 : 0.25);
    attach(0);
    palette(hits ? 0.1 : n > 30000 ? 0.62 : 0.85);
    gl.drawArrays(gl.POINTS, 0, busy ? Math.min(n, Math.round(budget)) : n);
    if (hits && hits.length) {
      attach(2);
      palette(1);
      gl.uniform1f(locations.size, Math.max(7 * ratio, size * 1.6));
      gl.uniform1f(locations.round, 0.25);
      gl.drawArrays(gl.POINTS, 0, hits.length);
    }
    write(busy);
    frames++;
    if (busy) redraw(); else settle();
  }
  let frames = 0;
  function redraw() { if (!queued) { queued = true; requestAnimationFrame(draw); } }
  function move() { moving = performance.now(); redraw(); }

  // Places on the screen
  const toScreen = (px, py) => [width / 2 + (px - view.x) * view.k, height / 2 - (py - view.y) * view.k];
  const toMap = (sx, sy) => [view.x + (sx - width / 2) / view.k, view.y - (sy - height / 2) / view.k];
  const screenOf = (point) => toScreen(x[point] / 65535, y[point] / 65535);
  function resize() {
    const frame = canvas.getBoundingClientRect();
    width = Math.max(1, frame.width); height = Math.max(1, frame.height); ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    outline.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const before = home;
    home = fitted();
    if (before.k === view.k && before.x === view.x) view = { ...home };
    redraw();
  }
  let bounds = [0, 0, 1, 1];
  function fitted() {
    const [left, bottom, right, top] = bounds, pad = Math.min(width, height) * 0.08;
    const k = Math.min((width - 2 * pad) / Math.max(right - left, 0.02), (height - 2 * pad) / Math.max(top - bottom, 0.02));
    return { x: (left + right) / 2, y: (bottom + top) / 2, k };
  }
  function zoom(factor, sx = width / 2, sy = height / 2) {
    const [px, py] = toMap(sx, sy), k = Math.min(home.k * 400, Math.max(home.k * 0.5, view.k * factor));
    view = { k, x: px - (sx - width / 2) / k, y: py + (sy - height / 2) / k };
    move();
  }

  // The index by cells, for the point under the pointer and the points in view
  function index() {
    const cell = new Uint16Array(n);
    starts = new Uint32Array(CELLS * CELLS + 1);
    for (let i = 0; i < n; i++) { cell[i] = (y[i] >> 8) * CELLS + (x[i] >> 8); starts[cell[i] + 1]++; }
    for (let i = 0; i < CELLS * CELLS; i++) starts[i + 1] += starts[i];
    const at = starts.slice();
    cells = new Uint32Array(n);
    for (let i = 0; i < n; i++) cells[at[cell[i]]++] = i;
  }
  function within(sx0, sy0, sx1, sy1, visit) {
    const [left, top] = toMap(sx0, sy0), [right, bottom] = toMap(sx1, sy1), clamp = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * 65535 / 256)));
    for (let row = clamp(bottom); row <= clamp(top); row++)
      for (let at = starts[row * CELLS + clamp(left)]; at < starts[row * CELLS + clamp(right) + 1]; at++)
        if (!hidden.has(codes[cells[at]]) && visit(cells[at]) === false) return;
  }
  function nearest(sx, sy, reach) {
    let best = -1, least = reach * reach;
    within(sx - reach, sy - reach, sx + reach, sy + reach, (point) => {
      const [px, py] = screenOf(point), away = (px - sx) ** 2 + (py - sy) ** 2;
      if (away < least) { least = away; best = point; }
    });
    return best;
  }
  const rowOf = (point) => (rows ? rows[point] : point);
  function pointOf(row) {
    if (!rows) return row < n ? row : -1;
    let low = 0, high = n;
    while (low < high) { const middle = (low + high) >> 1; if (rows[middle] < row) low = middle + 1; else high = middle; }
    return low < n && rows[low] === row ? low : -1;
  }

  // Names of groups, and of single items where there is room
  const pen = document.createElement("canvas").getContext("2d");
  const shown = new Map();
  function write(busy) {
    const level = view.k < home.k * 1.9 ? 1 : view.k < home.k * 5 ? 2 : 3, taken = [], wanted = new Map();
    const fits = (box) => !taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
    for (const group of groups) {
      if (group.level !== level || !group.label) continue;
      const [sx, sy] = toScreen(group.x, group.y);
      if (sx < 0 || sx > width || sy < 0 || sy > height) continue;
      pen.font = level === 1 ? "700 16px sans-serif" : "600 14px sans-serif";
      const half = pen.measureText(group.label).width / 2 + 6;
      const mid = Math.min(width - half, Math.max(half, sx)), frame = [mid - half, sy - 13, mid + half, sy + 13];
      if (half * 2 > width || !fits(frame)) continue;
      taken.push(frame);
      wanted.set(`${group.level}-${group.number}`, { text: group.label, kind: `sem-map-level-${level}`, at: [mid, sy] });
    }
    if (!busy) for (const point of inView()) {
      const item = details.get(rowOf(point)), [sx, sy] = screenOf(point);
      if (!item) continue;
      const size = item.thumbnail ? 24 : 0, text = item.title.length > 26 ? item.title.slice(0, 25) + "…" : item.title;
      pen.font = "13px sans-serif";
      const half = size || pen.measureText(text).width / 2 + 3, frame = size ? [sx - 25, sy - 25, sx + 25, sy + 25] : [sx - half, sy - 24, sx + half, sy - 6];
      if (!fits(frame)) continue;
      taken.push(frame);
      wanted.set(`item-${point}`, { text, image: item.thumbnail, kind: "sem-map-item", at: [sx, size ? sy : sy - 15] });
    }
    for (const [key, element] of shown) if (!wanted.has(key)) { element.remove(); shown.delete(key); }
    for (const [key, { text, image, kind, at }] of wanted) {
      let element = shown.get(key);
      if (!element) {
        element = document.createElement("span");
        element.className = kind;
        if (image) { const picture = new Image(48, 48); picture.src = image; picture.alt = ""; element.append(picture); } else element.textContent = text;
        names.append(element);
        shown.set(key, element);
      }
      element.style.transform = `translate(${at[0].toFixed(1)}px, ${at[1].toFixed(1)}px) translate(-50%, -50%)`;
    }
    const line = (lasso || polygon.map(([px, py]) => toScreen(px / 65535, py / 65535))).map((corner) => corner.map((value) => value.toFixed(1)).join(",")).join(" ");
    outline.firstElementChild.setAttribute("points", line);
    if (current >= 0) { const [sx, sy] = screenOf(current); mark.setAttribute("cx", sx); mark.setAttribute("cy", sy); follow(sx, sy); }
    mark.setAttribute("r", current >= 0 ? Math.max(7, dotSize() / ratio / 2 + 4) : 0);
  }
  const mark = outline.lastElementChild;
  function inView(most = 60) {
    const found = [];
    if (view.k < home.k * 3 && n > most) return found;
    within(0, 0, width, height, (point) => {
      const [sx, sy] = screenOf(point);
      if (sx > 0 && sx < width && sy > 0 && sy < height) found.push(point);
      return found.length <= most;
    });
    return found.length > most ? [] : found;
  }
  let resting = 0;
  function settle() {
    clearTimeout(resting);
    resting = setTimeout(async () => {
      const lacking = inView().map(rowOf).filter((row) => !details.has(row) && !waiting.has(row)).slice(0, 60);
      if (lacking.length) { await learn(lacking); redraw(); }
    }, 120);
  }
  async function learn(wanted) {
    wanted.forEach((row) => waiting.add(row));
    try {
      const found = await ask(data.items, { rows: wanted.join(",") });
      found.items.forEach((item) => details.set(item.row, item));
      wanted.forEach((row) => waiting.delete(row));
    } catch (error) { failed(error); } // what could not be had is not asked for again
  }

  // The card of a point
  function follow(sx, sy) {
    const left = Math.min(Math.max(8, sx + 14), Math.max(8, width - card.offsetWidth - 8));
    const above = sy + 16 + card.offsetHeight > height;
    card.style.transform = `translate(${left}px, ${Math.max(4, above ? sy - card.offsetHeight - 14 : sy + 14)}px)`;
  }
  async function point(next) {
    if (next === current) return;
    current = next;
    near = [];
    canvas.classList.toggle("sem-map-over", next >= 0);
    if (next < 0) { card.hidden = true; return redraw(); }
    const row = rowOf(next);
    if (!details.has(row)) { await new Promise((done) => setTimeout(done, 60)); if (current === next && !details.has(row)) await learn([row]); }
    if (current !== next || !details.has(row)) return;
    const item = details.get(row), parts = [];
    if (item.thumbnail) { const picture = new Image(); picture.src = item.thumbnail; picture.alt = ""; parts.push(picture); }
    const title = document.createElement("a");
    title.href = item.href;
    title.textContent = item.title;
    parts.push(title);
    for (const text of [item.snippet, legendNames[codes[next]]]) if (text && text !== item.title) { const line = document.createElement("span"); line.textContent = text; parts.push(line); }
    card.replaceChildren(...parts);
    card.hidden = false;
    redraw();
  }

  // Pointers: drag to pan, two fingers to zoom, Shift or the lasso to select
  const pointers = new Map();
  let dragged = 0, pinch = 0;
  const at = (event) => { const frame = canvas.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    dragged = 0;
    if (pointers.size === 2) { lasso = null; pinch = 0; } else if (lassoMode || event.shiftKey) lasso = [at(event)];
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = at(event), before = pointers.get(event.pointerId);
    if (!before) return void point(nearest(...here, 12));
    pointers.set(event.pointerId, here);
    dragged += Math.hypot(here[0] - before[0], here[1] - before[1]);
    if (pointers.size === 2) {
      const [one, two] = [...pointers.values()], apart = Math.hypot(one[0] - two[0], one[1] - two[1]);
      if (pinch) zoom(apart / pinch, (one[0] + two[0]) / 2, (one[1] + two[1]) / 2);
      pinch = apart;
    } else if (lasso) { lasso.push(here); redraw(); } else {
      view = { ...view, x: view.x - (here[0] - before[0]) / view.k, y: view.y + (here[1] - before[1]) / view.k };
      move();
    }
  });
  const lift = (event) => {
    if (!pointers.delete(event.pointerId) || pointers.size) return;
    if (lasso) { const drawn = lasso; lasso = null; if (drawn.length > 2) choose(drawn); else redraw(); } else if (event.type === "pointerup" && dragged < 5) tap(event);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => { if (!pointers.size && !card.matches(":hover")) point(-1); });
  async function tap(event) {
    const found = nearest(...at(event), event.pointerType === "mouse" ? 12 : 24);
    if (found >= 0 && event.pointerType === "mouse" && details.has(rowOf(found))) location.href = details.get(rowOf(found)).href;
    else point(found);
  }
  canvas.addEventListener("dblclick", (event) => { if (nearest(...at(event), 12) < 0) zoom(2, ...at(event)); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas && !box.matches(":focus-within") && !box.classList.contains("sem-map-used")) return; // the page scrolls until the map is used
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...at(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", () => box.classList.add("sem-map-used"));

  // Keys: arrows step through the neighbours of a point
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  async function step([dx, dy]) {
    if (current < 0) return point(nearest(width / 2, height / 2, Math.max(width, height)));
    const from = current;
    if (!near.length) {
      const found = await ask(data.items, { near: rowOf(from) }).catch(failed);
      if (!found || current !== from) return;
      found.items.forEach((item) => details.set(item.row, item));
      near = found.items.map((item) => pointOf(item.row)).filter((other) => other >= 0 && other !== from);
    }
    const [sx, sy] = screenOf(from), towards = (other) => { const [px, py] = screenOf(other); return ((px - sx) * dx + (py - sy) * dy) / Math.max(1e-6, Math.hypot(px - sx, py - sy)); };
    const next = near.filter((other) => towards(other) > 0.5)[0] ?? -1;
    if (next < 0) return;
    await point(next);
    const [px, py] = screenOf(next);
    if (px < 30 || py < 30 || px > width - 30 || py > height - 30) { view = { ...view, x: x[next] / 65535, y: y[next] / 65535 }; move(); }
  }
  canvas.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (way && event.shiftKey) { view = { ...view, x: view.x + way[0] * 60 / view.k, y: view.y - way[1] * 60 / view.k }; move(); } else if (way) step(way).catch(failed);
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") reset();
    else if (event.key === "Enter" && current >= 0 && details.has(rowOf(current))) location.href = details.get(rowOf(current)).href;
    else if (event.key === "Escape") { point(-1); setLasso(false); } else return;
    event.preventDefault();
  });

  // Lasso: simplified until it fits an address; the server decides what is inside
  function simplify(line, tolerance) {
    const kept = new Uint8Array(line.length), stack = [[0, line.length - 1]];
    kept[0] = kept[line.length - 1] = 1;
    while (stack.length) {
      const [first, end] = stack.pop(), [ax, ay] = line[first], [bx, by] = line[end], length = Math.hypot(bx - ax, by - ay) || 1e-9;
      let far = 0, most = -1;
      for (let i = first + 1; i < end; i++) {
        const away = length < 1e-6 ? Math.hypot(line[i][0] - ax, line[i][1] - ay) : Math.abs((bx - ax) * (ay - line[i][1]) - (ax - line[i][0]) * (by - ay)) / length;
        if (away > far) { far = away; most = i; }
      }
      if (far > tolerance) { kept[most] = 1; stack.push([first, most], [most, end]); }
    }
    return line.filter((_, i) => kept[i]);
  }
  function choose(drawn) {
    let line = drawn;
    for (let tolerance = 0.5; line.length > 200 || tolerance === 0.5; tolerance *= 1.6) line = simplify(line, tolerance);
    polygon = line.map((corner) => toMap(...corner).map((value) => Math.round(Math.min(1, Math.max(0, value)) * 65535)));
    setLasso(false);
    redraw();
    if (polygon.length > 2) open_(url(data.page, { polygon: polygon.flat().join(",") }));
  }
  async function open_(address) {
    const section = document.getElementById("sem-selection");
    section.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("sem-selection");
      if (!answer.ok || !fresh) throw new Error("The selection cannot be shown: load the page again");
      section.replaceChildren(...fresh.childNodes);
      history.replaceState(null, "", address);
      say("");
    } catch (error) { failed(error); }
    section.removeAttribute("aria-busy");
  }
  const lassoButton = find("[data-do=lasso]");
  function setLasso(on) { lassoMode = on; lassoButton.setAttribute("aria-pressed", on); canvas.classList.toggle("sem-map-drawing", on); }
  function reset() { view = { ...home }; move(); }
  find(".sem-map-tools").addEventListener("click", (event) => {
    const what = event.target.closest("button")?.dataset.do;
    if (what === "in") zoom(1.6); else if (what === "out") zoom(1 / 1.6); else if (what === "reset") reset(); else if (what === "lasso") setLasso(!lassoMode);
  });

  // Search: hits light up, the rest fades
  find("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const q = field.value.trim();
    if (!q) { hits = null; say(""); return redraw(); }
    try {
      const found = await ask(data.found, { q });
      hits = found.rows.map(pointOf).filter((point) => point >= 0);
      upload(2, new Uint16Array(hits.flatMap((point) => [x[point], y[point]])));
      upload(3, new Uint8Array(hits.map((point) => codes[point])));
      say(hits.length ? `The ${hits.length} best results for “${q}” are lit up.` : `No results for “${q}”.`);
      redraw();
    } catch (error) { failed(error); }
  });
  field.addEventListener("input", () => { if (!field.value && hits) { hits = null; say(""); redraw(); } });

  // Colours, and a legend that filters
  function setCodes(fresh, labels, inOrder, counts) {
    codes = fresh; legendNames = labels; ordered = inOrder; hidden = new Set();
    upload(1, codes);
    if (hits) upload(3, new Uint8Array(hits.map((point) => codes[point])));
    legend.replaceChildren(...labels.map((name, code) => {
      const entry = document.createElement("li"), button = document.createElement("button"), swatch = document.createElement("span");
      swatch.className = "sem-map-swatch";
      swatch.style.background = colourOf(code);
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(swatch, `${name || "Group " + (code + 1)} `, Object.assign(document.createElement("small"), { textContent: counts[code].toLocaleString("en") }));
      button.addEventListener("click", () => {
        if (hidden.has(code)) hidden.delete(code); else hidden.add(code);
        button.setAttribute("aria-pressed", !hidden.has(code));
        redraw();
      });
      entry.append(button);
      return entry;
    }));
    redraw();
  }
  let own;
  function byGroup() {
    const coarse = groups.filter((group) => group.level === 1).sort((a, b) => a.number - b.number), labels = [], counts = [];
    coarse.forEach((group) => { labels[group.number - 1] = group.label; counts[group.number - 1] = group.items; });
    for (let i = 0; i < labels.length; i++) { labels[i] ??= ""; counts[i] ??= 0; }
    setCodes(own, labels, false, counts);
  }
  select.addEventListener("change", async () => {
    if (!select.value) return byGroup();
    try {
      const found = await ask(data.column, { column: select.value });
      setCodes(Uint8Array.from(atob(found.codes), (letter) => letter.charCodeAt(0)), found.names, found.ordered, found.counts);
    } catch (error) { select.value = ""; failed(error); }
  });
  dark.addEventListener("change", () => { [...legend.querySelectorAll(".sem-map-swatch")].forEach((swatch, code) => { swatch.style.background = colourOf(code); }); redraw(); });
  canvas.addEventListener("webglcontextlost", (event) => { event.preventDefault(); say("The graphics card was reset: load the page again."); });

  async function begin() {
    if (!prepare()) return say("This browser cannot draw the map, so it is shown as an image.");
    const answer = await fetch(data.points, { credentials: "same-origin" });
    if (!answer.ok) throw new Error("The points of the map cannot be read: load the page again");
    const content = await answer.arrayBuffer(), head = new DataView(content);
    n = head.getUint32(4, true);
    x = new Uint16Array(content, 12, n);
    y = new Uint16Array(content, 12 + 2 * n, n);
    own = new Uint8Array(content, 12 + 4 * n, n).map((group) => (group ? group - 1 : 0));
    rows = head.getUint32(8, true) ? new Uint32Array(content, 12 + 4 * Math.ceil(5 * n / 4), n) : null;
    place = new Uint16Array(2 * n);
    let [left, bottom, right, top] = [65535, 65535, 0, 0];
    for (let i = 0; i < n; i++) {
      place[2 * i] = x[i]; place[2 * i + 1] = y[i];
      left = Math.min(left, x[i]); right = Math.max(right, x[i]); bottom = Math.min(bottom, y[i]); top = Math.max(top, y[i]);
    }
    bounds = n ? [left, bottom, right, top].map((value) => value / 65535) : bounds;
    upload(0, place);
    codes = own;
    upload(1, codes);
    index();
    box.classList.add("sem-map-live");
    polygon = data.polygon ? data.polygon.split(",").map(Number).reduce((pairs, value, i) => (i % 2 ? pairs[pairs.length - 1].push(value) : pairs.push([value]), pairs), []) : [];
    new ResizeObserver(resize).observe(canvas);
    resize();
    view = { ...home };
    groups = (await ask(data.data)).groups;
    byGroup();
    box.dataset.ready = "true";
  }
  window.semMap = { frames: () => frames, pan: (dx, dy) => { view = { ...view, x: view.x + dx, y: view.y + dy }; move(); } };
  begin().catch(failed);
})();
