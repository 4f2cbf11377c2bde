// D: schedules, the two kinds of weight decay, and clipping.
import { methodNamed } from "./catalogue.js";
import { noisy, prescribed } from "./problems.js";
import { cosine, exponential, inverseSqrt, linearDecay, stableThenDecay, warmUp } from "./schedules.js";
import { meanOver, trajectory } from "./run.js";
import { SEED, choice, logRange, range } from "./controls.js";
import { lineChart } from "./charts.js";
import { shown } from "./axes.js";

const STEPS = 200, RUNS = 24;
const RULES = {
  constant: peak => () => peak, cosine: (peak, T) => cosine(peak, T), linear: (peak, T) => linearDecay(peak, T),
  wsd: (peak, T) => stableThenDecay(peak, Math.floor(T / 2), T - Math.floor(T / 2)), root: peak => inverseSqrt(peak),
  exponential: (peak, T) => exponential(peak, 3 / T),
};

function ruleOf(v) {
  const warm = Math.round(v.warm * STEPS), rule = RULES[v.rule](v.eta, STEPS - warm);
  return warm ? warmUp(rule, warm, 1 / warm) : rule;
}

// Two weights that feel nothing but noise, of size 1 and 100.
function decays(name, v, rule) {
  const blind = { start: [1, 1], draws: 0, project: x => x, subgradient: x => x.map(() => 0) };
  const method = methodNamed(name, { eta: rule, beta: 0.9, beta2: 0.99, weightDecay: v.decay });
  const runs = Array.from({ length: RUNS }, (_, run) => trajectory(method, noisy(blind, "rademacher", [1, 100]), STEPS, v.seed, run));
  return [0, 1].map(i => meanOver(runs, x => x[i]).map((a, k) => [k, a]));
}

function displacement(name, slopes, limit) {
  const method = methodNamed(name, { eta: 0.01, beta: 0.9, beta2: 0.999, limit });
  return trajectory(method, prescribed({ slopes }), STEPS).points.map((x, k) => [k, Math.abs(x[0])]);
}

function draw(v, width) {
  const rule = ruleOf(v), shape = Array.from({ length: STEPS }, (_, k) => [k, rule(k)]);
  let kept = 1;
  const law = [[0, 1], ...shape.map(([k, eta]) => [k + 1, (kept *= 1 - eta * v.decay)])];
  const decoupled = decays("adamw", v, rule), coupled = decays("coupled-adam", v, rule);
  const slopes = Array.from({ length: STEPS }, (_, k) => (k === v.when ? v.spike : 1));
  const adam = displacement("adam", slopes), clipped = displacement("clipped-adam", slopes, v.clip);
  return {
    reading: `Decoupled decay keeps Π(1−ηₜλ) = ${shown(kept)} of every weight; coupled decay kept ${shown(coupled[0].at(-1)[1])} of the quiet weight and ${shown(coupled[1].at(-1)[1])} of the noisy one. `
      + `After the spike Adam ends at ${shown(adam.at(-1)[1])}, clipped at ${shown(clipped.at(-1)[1])}; without a spike it would be 2.`,
    figures: [
      lineChart({ title: "The schedule", width, x: { label: "step" }, y: { label: "ηₜ" }, series: [{ name: "ηₜ", hue: 0, points: shape }] }),
      lineChart({ title: "Two weights under noise of size 1 and 100: what decay leaves", width, x: { label: "step" }, y: { label: "mean weight" },
        series: [{ name: "AdamW, noise 1", hue: 0, points: decoupled[0] }, { name: "AdamW, noise 100", hue: 2, points: decoupled[1] },
          { name: "Adam + L2, noise 1", hue: 3, points: coupled[0] }, { name: "Adam + L2, noise 100", hue: 5, points: coupled[1] },
          { name: "Π(1−ηₜλ)", hue: 1, style: "dash", points: law }] }),
      lineChart({ title: `Gradients of 1 with one spike at step ${v.when}: distance travelled`, width, x: { label: "step" }, y: { label: "|x − x₀|" },
        series: [{ name: "Adam", hue: 0, points: adam }, { name: "Adam, clipped", hue: 2, points: clipped }] }),
    ],
  };
}

export const DECAY = {
  id: "decay", name: "D Decay", title: "D · Schedules, weight decay and clipping",
  lead: "The decay of a weight is annealed with the step; under L2 it also depends on how noisy the weight's gradient is. One spike makes Adam stand still, for v remembers it.",
  question: "Gradient number 50 of 200 is 1000, the others are 1; η = 0.01, no clipping. How far does Adam travel, if 2.00 is the way without the spike?",
  answer: "0.59: the spike stays in v for 1/(1−β₂) = 1000 steps and shrinks every later step. Clipping to 1 gives 2.00 again.",
  settings: [
    choice("rule", "Schedule", { constant: "constant", cosine: "cosine", linear: "linear", wsd: "stable, then linear (WSD)", root: "1/√(k+1)", exponential: "exponential" }, "cosine"),
    range("warm", "Warm-up, share of the run", 0, 0.5, 0.05, 0.1),
    logRange("eta", "Peak step size", 0.001, 0.1, 0.05, 0.01),
    range("decay", "Weight decay λ", 0, 3, 0.1, 1),
    logRange("spike", "Height of the spike", 1, 10000, 0.25, 1000),
    range("when", "Step of the spike", 0, 190, 10, 50),
    logRange("clip", "Clip the norm at", 0.1, 10000, 0.25, 1),
    SEED,
  ],
  draw,
};
