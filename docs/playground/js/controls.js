// Labelled native controls from a list of settings; they work by mouse, touch and keyboard as the browser has them.
// A setting that is idle(values) has no effect on this choice of the others, and is shown as disabled.
import { element, shown } from "./axes.js";

export const range = (id, label, low, high, step, value, more = {}) => ({ type: "range", id, label, low, high, step, value, ...more });
export const logRange = (id, label, low, high, step, value, more = {}) =>
  range(id, label, low, high, step, value, { log: true, ...more });
export const choice = (id, label, options, value) => ({ type: "select", id, label, options, value });
export const check = (id, label, value) => ({ type: "check", id, label, value });
export const SEED = range("seed", "Random seed", 1, 99, 1, 1);

// On a log scale the slider holds the decimal logarithm.
export const valueOf = (setting, position) => (setting.log ? 10 ** position : position);
const positionOf = (setting, value) => (setting.log ? Math.log10(value) : value);
const text = (setting, value) => (setting.show ?? shown)(value);

function rangeControl(setting, value, changed) {
  const id = `set-${setting.id}`, output = element("output", { for: id });
  const input = element("input", { type: "range", id, min: positionOf(setting, setting.low),
    max: positionOf(setting, setting.high), step: setting.step });
  const write = current => {
    output.textContent = text(setting, current);
    input.setAttribute("aria-valuetext", text(setting, current));
  };
  input.value = positionOf(setting, value);
  write(value);
  input.addEventListener("input", () => {
    const current = valueOf(setting, Number(input.value));
    write(current);
    changed(setting.id, current);
  });
  return element("div", { class: "control" }, element("label", { for: id }, setting.label), output, input);
}

function selectControl(setting, value, changed) {
  const id = `set-${setting.id}`;
  const options = Object.entries(setting.options).map(([key, label]) => element("option", { value: key }, label));
  const select = element("select", { id }, ...options);
  select.value = value;
  select.addEventListener("change", () => changed(setting.id, select.value));
  return element("div", { class: "control wide" }, element("label", { for: id }, setting.label), select);
}

function checkControl(setting, value, changed) {
  const id = `set-${setting.id}`, box = element("input", { type: "checkbox", id });
  box.checked = value;
  box.addEventListener("change", () => changed(setting.id, box.checked));
  return element("div", { class: "control check" }, box, element("label", { for: id }, setting.label));
}

const KINDS = { range: rangeControl, select: selectControl, check: checkControl };
export const control = (setting, value, changed) => KINDS[setting.type](setting, value, changed);

// Values as they stand in the address of the page, unknown or impossible ones left out.
export function fromText(setting, written) {
  if (setting.type === "check") return written === "true";
  if (setting.type === "select") return written in setting.options ? written : setting.value;
  const value = Number(written);
  return written !== "" && value >= setting.low * (1 - 1e-9) && value <= setting.high * (1 + 1e-9) ? value : setting.value;
}
