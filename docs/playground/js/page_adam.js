// C: what Adam's parts do: bias correction, epsilon, scale, rotation.
import { methodNamed } from "./catalogue.js";
import { correctionFactor } from "./bounds.js";
import { quadratic } from "./problems.js";
import { trajectory } from "./run.js";
import { check, choice, logRange, range } from "./controls.js";
import { lineChart, pathChart, table } from "./charts.js";
import { shown } from "./axes.js";

const STEPS = 200, ROWS = 6;

function draw(v, width) {
  const beta2 = 1 - v.memory;
  const problem = quadratic({ spectrum: [0.05 * v.scale, v.scale], at: [1, 1], rotation: (v.angle * Math.PI) / 180 });
  const options = { eta: v.eta, beta: v.beta1, beta2, eps: v.eps, biasCorrection: v.correct, epsInside: v.place === "inside" };
  const run = trajectory(methodNamed("adam", options), problem, STEPS);
  const sign = trajectory(methodNamed("signsgd", { eta: v.eta }), problem, STEPS);
  const descent = trajectory(methodNamed("gradient-descent", { eta: v.eta }), problem, STEPS);
  const step = i => run.points.slice(1).map((x, k) => [k + 1, Math.abs(x[i] - run.points[k][i]) / v.eta]);
  const counts = Array.from({ length: 120 }, (_, i) => Math.round(10 ** (i / 30)));
  const factor = [...new Set(counts)].map(t => [t, correctionFactor(v.beta1, beta2, t)]);
  const top = factor.reduce((a, b) => (b[1] > a[1] ? b : a));
  const rows = run.states.slice(1, ROWS + 1).map((s, k) =>
    [String(k + 1), ...[s.m[1], s.v[1], s.mHat[1], s.vHat[1], run.points[k + 1][1] - run.points[k][1]].map(shown)]);
  return {
    reading: `First step ÷ η: ${shown(step(1)[0][1])}. Without correction early steps would be (1−β₁ᵗ)/√(1−β₂ᵗ) times as long: `
      + `${shown(factor[0][1])} at t = 1, at most ${shown(top[1])} at t = ${top[0]}. ε is ${shown(v.eps)} against √v̂ = ${shown(Math.sqrt(run.states[1].vHat[1]))} at t = 1.`,
    figures: [
      pathChart({ title: "Adam, sign descent and gradient descent, same η", width, f: (a, b) => problem.value([a, b]), labels: { x: "x₁", y: "x₂" },
        range: { x: { low: -1.7, high: 1.7 }, y: { low: -1.7, high: 1.7 } },
        series: [["Adam", 0, run], ["sign descent", 2, sign], ["gradient descent", 3, descent]].map(([name, hue, one]) =>
          ({ name, hue, style: hue === 2 ? "dash" : "solid", points: one.points })) }),
      lineChart({ title: "Length of Adam's step ÷ η", width, x: { label: "t", log: true }, y: { label: "|Δx|/η" },
        series: [{ name: "coordinate 1", hue: 0, points: step(0) }, { name: "coordinate 2", hue: 2, style: "dash", points: step(1) }] }),
      lineChart({ title: "How much longer steps are without bias correction", width, x: { label: "t", log: true }, y: { label: "factor" },
        series: [{ name: "(1−β₁ᵗ)/√(1−β₂ᵗ)", hue: 1, style: "dash", points: factor }] }),
      table({ title: "Coordinate 2, step by step", head: ["t", "m", "v", "m̂", "v̂", "step"], rows }),
    ],
  };
}

export const ADAM = {
  id: "adam", name: "C Adam", title: "C · Anatomy of Adam",
  lead: "f = c·(0.05 y₁² + y₂²)/2 in rotated coordinates y. Change the scale c of all gradients, the rotation, ε and the correction, and watch what moves.",
  question: "All gradients become 1000 times as large. What happens to the three paths?",
  answer: "Adam's and the sign's stay (ε is far below √v̂); gradient descent explodes. Now shrink c to 10⁻⁶ and raise ε: the sizes meet, and Adam slows.",
  settings: [
    logRange("eta", "Step size η", 0.001, 1, 0.05, 0.1),
    range("beta1", "β₁", 0, 0.98, 0.01, 0.9),
    logRange("memory", "1 − β₂", 0.0001, 1, 0.05, 0.001),
    logRange("eps", "ε", 1e-12, 1, 0.25, 1e-8),
    choice("place", "Place of ε", { outside: "√v̂ + ε (formula, PyTorch)", inside: "√(v̂ + ε)" }, "outside"),
    check("correct", "Bias correction", true),
    logRange("scale", "Scale c of the gradients", 1e-6, 1e6, 0.25, 1),
    range("angle", "Rotation in degrees", 0, 45, 1, 0),
  ],
  draw,
};
