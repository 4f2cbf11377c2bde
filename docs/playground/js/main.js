// Shows the page that the address names, with the settings that it holds, and draws again on every change.
import { element } from "./axes.js";
import { control, fromText } from "./controls.js";
import { BENCH } from "./page_bench.js";
import { NOISE } from "./page_noise.js";
import { RAVINE } from "./page_ravine.js";
import { ADAM } from "./page_adam.js";
import { DECAY } from "./page_decay.js";
import { GROUPS } from "./page_groups.js";
import { COUNTER } from "./page_counter.js";

const PAGES = [BENCH, NOISE, RAVINE, ADAM, DECAY, GROUPS, COUNTER];
const byId = id => document.getElementById(id);
let page, values, drawn = [], waiting = 0;

function readAddress() {
  const [id, query] = location.hash.slice(1).split("?");
  page = PAGES.find(one => one.id === id) ?? BENCH;
  const written = new URLSearchParams(query);
  values = Object.fromEntries(page.settings.map(s => [s.id, written.has(s.id) ? fromText(s, written.get(s.id)) : s.value]));
}

function writeAddress() {
  const changed = page.settings.filter(s => values[s.id] !== s.value).map(s => [s.id, values[s.id]]);
  const query = new URLSearchParams(changed).toString();
  history.replaceState(null, "", `#${page.id}${query ? `?${query}` : ""}`);
}

function chartWidth() {
  const whole = byId("figures").clientWidth, two = whole >= 2 * 384 + 24;
  return Math.round(two ? (whole - 24) / 2 : whole);
}

function draw() {
  waiting = 0;
  const { reading, figures, code } = page.draw(values, chartWidth(), change);
  byId("python").hidden = !code;
  byId("code").textContent = code ?? "";
  byId("reading").textContent = reading;
  byId("figures").replaceChildren(...figures);
  for (const s of page.settings) byId(`set-${s.id}`).disabled = Boolean(s.idle?.(values));
  drawn = figures.map(figure => figure.table).filter(Boolean);
}

// At most one drawing for each frame, however fast a slider moves.
const drawSoon = () => { waiting ||= requestAnimationFrame(draw); };

function change(more) {
  Object.assign(values, more);
  writeAddress();
  showControls();
  drawSoon();
}

function save() {
  const lines = ["chart,series,x,y", ...drawn.flatMap(({ title, series }) =>
    series.flatMap(({ name, points }) => points.map(([x, y]) => `"${title}","${name}",${x},${y}`)))];
  const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
  const link = element("a", { href: url, download: `ratecheck-${page.id}.csv` });
  link.click();
  URL.revokeObjectURL(url);
}

function button(label, act) {
  const node = element("button", { type: "button" }, label);
  node.addEventListener("click", act);
  return node;
}

function showControls() {
  const changed = (id, value) => {
    values[id] = value;
    writeAddress();
    drawSoon();
  };
  const reset = button("Reset", () => {
    change(Object.fromEntries(page.settings.map(s => [s.id, s.value])));
    byId("controls").querySelector(".reset").focus();
  });
  reset.classList.add("reset");
  byId("controls").replaceChildren(...page.settings.map(s => control(s, values[s.id], changed)),
    element("div", { class: "buttons" }, reset, button("Save the numbers (CSV)", save)));
}

function show() {
  readAddress();
  document.title = `${page.title} – ratecheck playground`;
  for (const id of ["title", "lead", "question", "answer"]) byId(id).textContent = page[id];
  for (const details of document.querySelectorAll("details")) details.open = false;
  for (const link of byId("pages").querySelectorAll("a")) {
    if (link.dataset.page === page.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showControls();
  draw();
}

byId("pages").append(...PAGES.map(one => element("li", {}, element("a", { href: `#${one.id}`, "data-page": one.id }, one.name))));
byId("controls").addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", show);
addEventListener("resize", drawSoon);
show();
