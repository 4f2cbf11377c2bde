// Line charts, paths over contours, bars and maps, as figures with a caption, a legend and a spoken description.
import { element, rangeOf, scale, shown } from "./axes.js";

const DASHES = { solid: "none", dash: "7 4", dot: "2 3" };
const colour = hue => `var(--c${hue})`;

function frame(width, height, x, y, labels) {
  const edge = { left: 62, right: width - 12, top: 10, bottom: height - 38 };
  const px = scale(x, edge.left, edge.right, width < 420 ? 4 : 6), py = scale(y, edge.bottom, edge.top, 5);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  for (const t of px.ticks) {
    svg.append(element("line", { class: "grid", x1: px(t), x2: px(t), y1: edge.top, y2: edge.bottom }),
      element("text", { x: px(t), y: edge.bottom + 16, "text-anchor": "middle" }, shown(t)));
  }
  for (const t of py.ticks) {
    svg.append(element("line", { class: "grid", x1: edge.left, x2: edge.right, y1: py(t), y2: py(t) }),
      element("text", { x: edge.left - 6, y: py(t) + 4, "text-anchor": "end" }, shown(t)));
  }
  svg.append(
    element("path", { class: "axis", d: `M${edge.left},${edge.top}V${edge.bottom}H${edge.right}` }),
    element("text", { x: (edge.left + edge.right) / 2, y: height - 5, "text-anchor": "middle" }, labels.x),
    element("text", { x: 12, y: (edge.top + edge.bottom) / 2, "text-anchor": "middle",
      transform: `rotate(-90 12 ${(edge.top + edge.bottom) / 2})` }, labels.y),
  );
  return { svg, px, py, edge };
}

// A line that leaves the frame is cut a little outside of it, on its way.
function line(points, px, py, edge) {
  const top = edge.top - 8, bottom = edge.bottom + 8;
  const held = y => Math.min(Math.max(y, top), bottom);
  let d = "", before;
  for (const [x, y] of points) {
    const here = [px(x), py(y)];
    if (here.some(Number.isNaN)) { before = undefined; continue; }
    const [a, b] = here, cut = held(b);
    if (before && cut !== b && held(before[1]) === before[1]) {
      const share = Number.isFinite(b) ? (cut - before[1]) / (b - before[1]) : 0;
      d += `L${(before[0] + share * (a - before[0])).toFixed(1)},${cut.toFixed(1)}`;
    } else if (before && held(before[1]) !== before[1] && cut === b && Number.isFinite(before[1])) {
      const share = (held(before[1]) - before[1]) / (b - before[1]);
      d += `L${(before[0] + share * (a - before[0])).toFixed(1)},${held(before[1]).toFixed(1)}`;
    }
    d += `${before ? "L" : "M"}${a.toFixed(1)},${cut.toFixed(1)}`;
    before = here;
  }
  return d;
}

function legend(series) {
  const items = series.filter(s => s.name).map(({ name, hue, style = "solid" }) => element("li", {},
    element("svg", { viewBox: "0 0 28 10", "aria-hidden": "true" }, element("line", { x1: 0, x2: 28, y1: 5, y2: 5,
      stroke: colour(hue), "stroke-width": 2.5, "stroke-dasharray": DASHES[style] })), name));
  return element("ul", { class: "legend" }, ...items);
}

let clips = 0;
function clipped(svg, edge) {
  const id = `clip${clips++}`;
  const clip = document.createElementNS("http://www.w3.org/2000/svg", "clipPath");
  clip.id = id;
  clip.append(element("rect", { x: edge.left, y: edge.top, width: edge.right - edge.left, height: edge.bottom - edge.top }));
  const group = element("g", { "clip-path": `url(#${id})` });
  svg.append(clip, group);
  return group;
}

const ends = ({ name, points }) => `${name} ends at ${shown(points.at(-1)?.[1])}`;

function figure(title, svg, ...rest) {
  return element("figure", {}, element("figcaption", {}, title), svg, ...rest);
}

export function lineChart({ title, x, y, series, width, height = 280 }) {
  const used = series.filter(s => s.points.length);
  const xs = x.range ?? rangeOf(used.flatMap(s => s.points.map(p => p[0])), x.log);
  const cap = y.cap ?? Infinity;
  const ys = y.range ?? rangeOf(used.filter(s => !s.follows).flatMap(s => s.points.map(p => Math.min(p[1], cap))), y.log);
  if (!x.log && !x.range) Object.assign(xs, { low: Math.min(...used.map(s => s.points[0][0])) });
  const { svg, px, py, edge } = frame(width, height, { ...xs, log: x.log }, { ...ys, log: y.log }, { x: x.label, y: y.label });
  const group = clipped(svg, edge);
  for (const { points, hue, style = "solid", width: stroke = 2 } of used) {
    group.append(element("path", { d: line(points, px, py, edge), fill: "none", stroke: colour(hue),
      "stroke-width": stroke, "stroke-dasharray": DASHES[style], "stroke-linejoin": "round" }));
  }
  svg.setAttribute("aria-label", `${title}. ${used.filter(s => s.name).map(ends).join("; ")}.`);
  const result = figure(title, svg, legend(used));
  result.table = { title, series: used };
  return result;
}

// Segments of a level set of f on a grid, by marching squares.
function levelSet(values, xs, ys, level) {
  let d = "";
  for (let i = 0; i + 1 < xs.length; i++) for (let j = 0; j + 1 < ys.length; j++) {
    const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
    const cuts = [];
    for (let e = 0; e < 4; e++) {
      const [a, b] = corners[e], [c, k] = corners[(e + 1) % 4];
      const u = values[a][b], v = values[c][k];
      if (u < level === v < level) continue;
      const t = (level - u) / (v - u);
      cuts.push([xs[a] + t * (xs[c] - xs[a]), ys[b] + t * (ys[k] - ys[b])]);
    }
    for (let e = 0; e + 1 < cuts.length; e += 2) {
      d += `M${cuts[e].map(n => n.toFixed(1))}L${cuts[e + 1].map(n => n.toFixed(1))}`;
    }
  }
  return d;
}

// Paths in the plane over the contours of f(a, b).
export function pathChart({ title, f, series, range, labels, width, height = 300 }) {
  const { svg, px, py, edge } = frame(width, height, range.x, range.y, labels);
  const group = clipped(svg, edge);
  const grid = (p, a, b) => Array.from({ length: 49 }, (_, i) => a + ((b - a) * i) / 48);
  const xs = grid(px, edge.left, edge.right), ys = grid(py, edge.bottom, edge.top);
  const values = xs.map(a => ys.map(b => f(px.invert(a), py.invert(b))));
  const sorted = values.flat().sort((a, b) => a - b), low = sorted[0], high = sorted.at(-1);
  for (let i = 1; i <= 9; i++) {
    const level = low + (high - low) * (i / 9.5) ** 3;
    group.append(element("path", { class: "contour", d: levelSet(values, xs, ys, level) }));
  }
  for (const { points, hue, style = "solid" } of series) {
    group.append(element("path", { d: line(points, px, py, edge), fill: "none", stroke: colour(hue),
      "stroke-width": 1.8, "stroke-dasharray": DASHES[style], "stroke-linejoin": "round" }));
    const [a, b] = points.at(-1);
    group.append(element("circle", { cx: px(a), cy: py(b), r: 4, fill: colour(hue) }));
  }
  const [a, b] = series[0].points[0];
  group.append(element("circle", { class: "mark", cx: px(a), cy: py(b), r: 4.5 }));
  const said = series.map(s => `${s.name} ends at (${s.points.at(-1).map(shown).join(", ")})`).join("; ");
  svg.setAttribute("aria-label", `${title}. ${said}.`);
  const result = figure(title, svg, legend(series));
  result.table = { title, series };
  return result;
}

// Bars of counts, with a curve over them.
export function histogram({ title, counts, edges, curve, x, width, height = 280 }) {
  const top = Math.max(...counts, ...curve.map(p => p[1])) * 1.08;
  const { svg, px, py, edge } = frame(width, height, { low: edges[0], high: edges.at(-1) }, { low: 0, high: top }, { x, y: "density" });
  counts.forEach((count, i) => svg.append(element("rect", { x: px(edges[i]), y: py(count), fill: colour(0), opacity: 0.55,
    width: Math.max(px(edges[i + 1]) - px(edges[i]) - 1, 1), height: edge.bottom - py(count) })));
  svg.append(element("path", { d: line(curve, px, py, edge), fill: "none", stroke: colour(1), "stroke-width": 2,
    "stroke-dasharray": DASHES.dash }));
  svg.setAttribute("aria-label", `${title}.`);
  const parts = [{ name: "measured", hue: 0, points: [] }, { name: "normal law at constant η", hue: 1, style: "dash", points: [] }];
  return figure(title, svg, legend(curve.length ? parts : parts.slice(0, 1)));
}

export function bars({ title, groups, names, y, width, height = 260 }) {
  const high = Math.max(1, ...groups.flatMap(g => g.values)) * 1.1;
  const x = { low: 0.3, high: names.length + 0.7 };
  const { svg, px, py, edge } = frame(width, height, x, { low: 0, high }, { x: "layer", y });
  const wide = 0.7 / groups.length;
  groups.forEach(({ values, hue }, g) => values.forEach((value, i) => {
    const left = px(i + 1 - 0.35 + g * wide);
    svg.append(element("rect", { x: left, y: py(value), width: px(wide) - px(0), height: edge.bottom - py(value), fill: colour(hue) }),
      element("text", { x: left + (px(wide) - px(0)) / 2, y: py(value) - 3, "text-anchor": "middle" }, shown(value)));
  }));
  const said = groups.map(g => `${g.name}: ${g.values.map(shown).join(", ")}`).join("; ");
  svg.setAttribute("aria-label", `${title}. ${said}.`);
  return figure(title, svg, legend(groups.map(g => ({ ...g, points: [] }))));
}

// A map of f over two sliders; a click chooses a point. Values are in [0, 1]; beyond 1 the cell stays empty.
export function map({ title, f, x, y, marks, choose, width, height = 280 }) {
  const { svg, px, py, edge } = frame(width, height, x, y, { x: x.label, y: y.label });
  const columns = 60, rows = 34, w = (edge.right - edge.left) / columns, h = (edge.bottom - edge.top) / rows;
  for (let i = 0; i < columns; i++) for (let j = 0; j < rows; j++) {
    const left = edge.left + i * w, top = edge.top + j * h, value = f(px.invert(left + w / 2), py.invert(top + h / 2));
    if (value < 1) {
      svg.append(element("rect", { x: left, y: top, width: w, height: h, "shape-rendering": "crispEdges",
        fill: `rgba(var(--low), ${(0.08 + 0.85 * (1 - value) ** 0.8).toFixed(3)})` }));
    }
  }
  for (const { at, name } of marks) {
    svg.append(element("circle", { class: "mark", cx: px(at[0]), cy: py(at[1]), r: 5 }));
    const right = px(at[0]) > edge.right - 70;
    svg.append(element("text", { x: px(at[0]) + (right ? -9 : 9), y: py(at[1]) + 16, "text-anchor": right ? "end" : "start",
      class: "name" }, name));
  }
  svg.classList.add("pick");
  svg.addEventListener("click", event => {
    const box = svg.getBoundingClientRect(), k = width / box.width;
    choose(px.invert((event.clientX - box.left) * k), py.invert((event.clientY - box.top) * k));
  });
  svg.setAttribute("aria-label", `${title}. ${marks.map(m => `${m.name} at ${m.at.map(shown).join(", ")}`).join("; ")}.`);
  return figure(title, svg);
}

export function table({ title, head, rows }) {
  const cell = (name, scope, text) => element(name, scope ? { scope } : {}, text);
  const body = rows.map(([first, ...rest]) =>
    element("tr", {}, cell("th", "row", first), ...rest.map(text => cell("td", "", text))));
  const top = element("tr", {}, ...head.map(text => cell("th", "col", text)));
  const whole = element("table", {}, element("thead", {}, top), element("tbody", {}, ...body));
  return figure(title, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, whole));
}
