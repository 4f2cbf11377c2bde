// Scales and ticks of charts, and the elements that SVG and HTML are made of.

export function element(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text", "rect", "circle", "g"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = n => "10" + (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map(d => SUPERSCRIPT[d]).join("");

// A number for people: three digits, powers of ten written out.
export function shown(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) {
    const [digits, exponent] = value.toExponential(1).split("e");
    return (digits === "1.0" ? "" : digits.replace("-", "−") + "·") + power(Number(exponent));
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

function linearTicks(low, high, count) {
  const rough = (high - low) / (count + 1), unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * unit).find(s => s >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

function logTicks(low, high, count) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / count));
  const ticks = [];
  for (let n = first; n <= last; n += stride) ticks.push(10 ** n);
  if (ticks.length > 2) return ticks;
  const finer = [];
  for (let n = first - 1; n <= last; n++) finer.push(...[1, 2, 5].map(m => m * 10 ** n));
  const inside = finer.filter(t => t >= low && t <= high);
  return inside.length > 1 ? inside : linearTicks(low, high, count);
}

// From values to pixels, with ticks.
export function scale({ low, high, log = false }, from, to, count) {
  const bend = log ? Math.log10 : a => a;
  const [a, b] = [bend(low), bend(high)];
  const place = value => from + ((bend(value) - a) / (b - a || 1)) * (to - from);
  place.invert = pixel => {
    const t = a + ((pixel - from) / (to - from)) * (b - a);
    return log ? 10 ** t : t;
  };
  place.ticks = (log ? logTicks : linearTicks)(low, high, count);
  return place;
}

// The range of values, with room; on a log scale only positive ones count, over 14 decades at most.
export function rangeOf(values, log) {
  let low = Infinity, high = -Infinity;
  for (const v of values) {
    if (!Number.isFinite(v) || (log && v <= 0)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) return log ? { low: 0.1, high: 1, log } : { low: 0, high: 1 };
  if (log) return { low: Math.max(low, high * 1e-14) / 1.3, high: high * 1.3, log };
  const room = (high - low || 1) * 0.05;
  return { low: low - room, high: high + room };
}
