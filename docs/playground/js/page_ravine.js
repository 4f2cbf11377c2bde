// B: paths in a ravine, and the phase diagram of momentum.
import { methodNamed } from "./catalogue.js";
import { companionModes, expectedGap, modeRate } from "./bounds.js";
import { quadratic } from "./problems.js";
import { gapsOf, trajectory } from "./run.js";
import { check, logRange, range } from "./controls.js";
import { lineChart, map, pathChart } from "./charts.js";
import { shown } from "./axes.js";

const STEPS = 120;
const SHOWN = [["gradient-descent", "gradient descent"], ["heavy-ball", "heavy ball"], ["nesterov-momentum", "Nesterov"], ["adam", "Adam"]];

export function optimalHeavyBall(kappa) {
  const root = Math.sqrt(kappa);
  return { eta: 4 / (1 + 1 / root) ** 2, beta: ((root - 1) / (root + 1)) ** 2 };
}

// A path until it leaves for good: what diverges would cover the picture.
function nearby(points) {
  const lost = points.findIndex(x => Math.max(...x.map(Math.abs)) > 6);
  return lost < 0 ? points : points.slice(0, lost + 1);
}

function settingsOf(v) {
  return v.optimal ? { ...v, ...optimalHeavyBall(v.kappa) } : v;
}

function draw(given, width, change) {
  const v = settingsOf(given), { eta, beta, kappa } = v;
  const problem = quadratic({ spectrum: [1 / kappa, 1], at: [1, 1], rotation: (v.angle * Math.PI) / 180 });
  const runs = SHOWN.map(([name, label], hue) => ({
    label, hue, points: trajectory(methodNamed(name, { eta: name === "adam" ? v.adamEta : eta, beta }), problem, STEPS).points,
  }));
  const modes = companionModes(problem, eta, beta, STEPS);
  const law = Array.from({ length: STEPS + 1 }, (_, k) => [k, problem.spectrum.reduce((s, l, i) => s + (l / 2) * modes[i][k] ** 2, 0)]);
  const descent = law.map(([k]) => [k, expectedGap(problem, eta, k)]);
  const rates = [modeRate(eta / kappa, beta), modeRate(eta, beta)], rate = Math.max(...rates);
  const kind = rate >= 1 ? "unstable" : (1 + beta - eta / kappa) ** 2 < 4 * beta ? "the slow mode is underdamped" : "the slow mode is overdamped";
  const gaps = runs.map(({ label, hue, points }) => ({ name: label, hue, points: gapsOf(points, problem).map((g, k) => [k, g]) }));
  const best = optimalHeavyBall(kappa);
  return {
    reading: `Heavy ball: rate per step ${shown(rate)}, ${kind}. Gradient descent: ${shown(Math.max(Math.abs(1 - eta), Math.abs(1 - eta / kappa)))}. `
      + `Best heavy ball for κ = ${shown(kappa)}: η = ${shown(best.eta)}, β = ${shown(best.beta)}, rate ${shown(Math.sqrt(best.beta))}.`,
    figures: [
      pathChart({ title: "Paths from the same start", width, f: (a, b) => problem.value([a, b]), labels: { x: "x₁", y: "x₂" },
        range: { x: { low: -1.7, high: 1.7 }, y: { low: -1.7, high: 1.7 } },
        series: runs.map(({ label, hue, points }) => ({ name: label, hue, points: nearby(points) })) }),
      lineChart({ title: "Gap, with the exact laws dashed", width, x: { label: "step" }, y: { label: "gap", log: true, cap: 30 },
        series: [...gaps, { name: "law, gradient descent", hue: 0, style: "dash", points: descent, follows: true },
          { name: "law, heavy ball", hue: 1, style: "dash", points: law, follows: true }] }),
      map({ title: "Rate of one mode by ηλ and β: fuller colour is faster, blank diverges (click to choose)", width, f: modeRate,
        x: { low: 0, high: 4, label: "ηλ" }, y: { low: 0, high: 1, label: "β" },
        marks: [{ at: [eta / kappa, beta], name: "slow" }, { at: [eta, beta], name: "fast" }],
        choose: (h, b) => change({ eta: Math.min(Math.max(h, 0.01), 4), beta: Math.min(Math.max(b, 0), 0.99), optimal: false }) }),
    ],
  };
}

export const RAVINE = {
  id: "ravine", name: "B Ravine", title: "B · The ravine and the phase diagram of momentum",
  lead: "f = x'Hx/2 with curvatures 1/κ and 1. Each curvature λ is a point (ηλ, β) of the map; the slower of the two decides.",
  question: "Turn the ravine to 45°. Which of the four paths changes its speed?",
  answer: "Only Adam's: it scales the axes, which no longer are the ravine's. The others are blind to rotation (their gaps stay exactly the same).",
  settings: [
    range("eta", "Step size η (η·L, since L = 1)", 0.01, 4, 0.01, 1, { idle: v => v.optimal }),
    range("beta", "Momentum β", 0, 0.99, 0.01, 0.8, { idle: v => v.optimal }),
    logRange("kappa", "Condition number κ", 1, 1000, 0.1, 100),
    range("angle", "Rotation in degrees", 0, 45, 1, 0),
    logRange("adamEta", "Step size of Adam", 0.001, 1, 0.05, 0.1),
    check("optimal", "Use the optimal heavy ball", false),
  ],
  draw,
};
