// A: where a constant step stops, and what batches, momentum, decay and averaging do about it.
import { METHODS } from "./catalogue.js";
import { secondMoment, stationaryVariance } from "./bounds.js";
import { noisy, quadratic } from "./problems.js";
import { cosine, inverseTime, linearDecay } from "./schedules.js";
import { meanOver, trajectory } from "./run.js";
import { SEED, check, choice, logRange, range } from "./controls.js";
import { histogram, lineChart } from "./charts.js";
import { shown } from "./axes.js";

const RUNS = 160, STEPS = 300, START = 2;
const RULES = {
  constant: eta => eta, time: eta => inverseTime(eta * 10, 10), cosine: eta => cosine(eta, STEPS), linear: eta => linearDecay(eta, STEPS),
};

function averaged(points) {
  let sum = 0;
  return points.map((x, k) => [(sum += x[0]) / (k + 1)]);
}

function density(values, spread) {
  const reach = 4 * spread, bins = 25, wide = (2 * reach) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) => -reach + i * wide);
  const counts = edges.slice(1).map((right, i) => values.filter(a => a >= edges[i] && a < right).length / (values.length * wide));
  return { counts, edges };
}

function draw(v, width) {
  const variance = v.sigma ** 2 / v.batch;
  const problem = noisy(quadratic({ spectrum: [1], at: [START] }), "gaussian", [Math.sqrt(variance)]);
  const method = METHODS["momentum-sum"].make({ eta: RULES[v.rule](v.eta), beta: v.beta });
  let runs = Array.from({ length: RUNS }, (_, run) => trajectory(method, problem, STEPS, v.seed, run));
  if (v.average) runs = runs.map(one => ({ ...one, points: averaged(one.points) }));
  const square = meanOver(runs, x => x[0] ** 2);
  const stable = v.eta < 2 * (1 + v.beta), floor = stationaryVariance(v.eta, v.beta, 1, variance);
  const laws = [];
  if (stable) laws.push({ name: "stationary variance at constant η", hue: 1, style: "dash", points: [[0, floor], [STEPS, floor]] });
  if (stable && v.rule === "constant" && v.beta === 0 && !v.average) {
    laws.push({ name: "exact E x² at every step", hue: 1, style: "dot", points: square.map((_, k) => [k, secondMoment(v.eta, 1, variance, START, k)]) });
  }
  const late = square.slice(-STEPS / 3), level = late.reduce((a, b) => a + b, 0) / late.length;
  const finals = runs.flatMap(one => one.points.slice(-40).map(x => x[0]));
  const spread = Math.min(Math.sqrt(finals.reduce((sum, a) => sum + a * a, 0) / finals.length) || 1, 1e6);
  const bars = density(finals, spread);
  const curve = stable ? Array.from({ length: 81 }, (_, i) => {
    const x = -4 * spread + (i * spread) / 10;
    return [x, Math.exp(-(x ** 2) / (2 * floor)) / Math.sqrt(2 * Math.PI * floor)];
  }) : [];
  const paths = runs.slice(0, 3).map((one, i) => ({ name: `run ${i + 1}`, hue: [0, 2, 3][i], width: 1.2, points: one.points.map((x, k) => [k, x[0]]) }));
  return {
    reading: stable ? `Measured E x² over the last third: ${shown(level)}. Law at constant η: ησ²(1+β) / (bλ(1−β)(2(1+β)−ηλ)) = ${shown(floor)}. Ratio ${shown(level / floor)}.`
      : "Unstable: η is at or beyond 2(1+β)/λ, so there is no stationary law.",
    figures: [
      lineChart({ title: `Mean of x² over ${RUNS} runs`, width, x: { label: "step" }, y: { label: "E x²", log: true },
        series: [{ name: "measured", hue: 0, points: square.map((s, k) => [k, s]) }, ...laws] }),
      histogram({ title: "Where the last 40 points lie", ...bars, curve, x: "x", width }),
      lineChart({ title: "Three of the runs", width, x: { label: "step" }, y: { label: "x" }, series: paths }),
    ],
  };
}

export const NOISE = {
  id: "noise", name: "A Noise floor", title: "A · The noise floor",
  lead: "SGD on f(x) = x²/2 with noisy gradients. With a constant step it cannot settle: it ends in a cloud whose variance is known exactly.",
  question: "You raise β from 0 to 0.9 and leave η alone. Does momentum smooth the noise away?",
  answer: "No. v is a decaying sum, so the effective step is η/(1−β): the variance grows about tenfold. Divide η by ten and compare again.",
  settings: [
    logRange("eta", "Step size η", 0.01, 3.2, 0.05, 0.1),
    range("beta", "Momentum β", 0, 0.95, 0.05, 0),
    range("sigma", "Noise σ of one sample", 0.1, 2, 0.1, 1),
    range("batch", "Batch size b", 1, 64, 1, 1),
    choice("rule", "Schedule", { constant: "constant", time: "10η/(k+10)", cosine: "cosine to 0", linear: "linear to 0" }, "constant"),
    check("average", "Show the running average of the points", false),
    SEED,
  ],
  draw,
};
