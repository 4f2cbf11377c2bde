// F: Adam on the losses of Reddi, Kale and Kumar, its limit cycle, and scales that follow the gradient.
import { METHODS, methodNamed } from "./catalogue.js";
import { amsgradRegret, defeatedAdamRegret, stillScalesRegret } from "./bounds.js";
import { quadratic } from "./problems.js";
import { liveScaleTrap, reddi } from "./online.js";
import { inverseSqrt } from "./schedules.js";
import { gapsOf, play, trajectory } from "./run.js";
import { check, logRange, range } from "./controls.js";
import { lineChart } from "./charts.js";
import { shown } from "./axes.js";

const numbered = values => values.map((a, k) => [k, a]);

function adamAgainstAmsgrad(v) {
  const beta2 = v.proof ? 1 / (1 + v.large ** 2) : v.beta2, rounds = v.rounds;
  const options = { eta: inverseSqrt(v.alpha), beta: 0, beta2, eps: 0, biasCorrection: false };
  const [adam, amsgrad] = ["projected-adam", "projected-amsgrad"].map(name => play(methodNamed(name, options), reddi(v), rounds));
  const counts = numbered(adam.regrets).slice(1);
  const bound = counts.map(([T]) => [T, amsgradRegret({ width: 2, slopes: v.large }, { alpha: v.alpha, beta1: 0, beta2 }, T)]);
  // The theorem asks for alpha <= sqrt(1 - beta2).
  const line = v.proof && v.alpha <= Math.sqrt(1 - beta2) ? counts.filter(([T]) => T % 3 === 0).map(([T]) => [T, defeatedAdamRegret(v.large, T)]) : [];
  return { adam, amsgrad, bound, line, beta2 };
}

function trap(v) {
  const losses = liveScaleTrap({ spike: v.large });
  const run = name => play(methodNamed(name, { eta: inverseSqrt(1) }), losses, v.rounds).regrets;
  const bound = T => stillScalesRegret({ widths: Array(6).fill(2), bounds: losses.bounds }, 1, 0.33, 1, T);
  const [plain, frozen, live] = ["projected-descent", "frozen-scales", "live-scales"].map(run);
  return { plain, frozen, live, bound: numbered(plain).slice(1).map(([T]) => [T, bound(T)]) };
}

function cycle(v) {
  const problem = quadratic({ spectrum: [1], at: [1] });
  return [v.alpha * 0.2, inverseSqrt(v.alpha * 0.2)].map(eta =>
    numbered(gapsOf(trajectory(METHODS.adam.make({ eta, beta: 0, beta2: v.beta2 }), problem, 300).points, problem)));
}

function draw(v, width) {
  const { adam, amsgrad, bound, line, beta2 } = adamAgainstAmsgrad(v), trapped = trap(v), [constant, falling] = cycle(v);
  const per = list => numbered(list).slice(1).map(([T, r]) => [T, Math.max(r, 0) / T]);
  const T = v.rounds;
  return {
    reading: `After ${T} rounds, with β₂ = ${shown(beta2)}: Adam plays ${shown(adam.points.at(-1)[0])} and loses ${shown(adam.regrets.at(-1) / T)} per round; `
      + `AMSGrad plays ${shown(amsgrad.points.at(-1)[0])} and loses ${shown(amsgrad.regrets.at(-1) / T)}. The best point is −1.`,
    figures: [
      lineChart({ title: "What is played", width, x: { label: "round" }, y: { label: "x", range: { low: -1.1, high: 1.1 } },
        series: [{ name: "Adam", hue: 0, points: numbered(adam.points.map(x => x[0])) }, { name: "AMSGrad", hue: 2, points: numbered(amsgrad.points.map(x => x[0])) }] }),
      lineChart({ title: "Regret per round: a method that learns goes to 0", width, x: { label: "round", log: true }, y: { label: "regret / T", log: true },
        series: [{ name: "Adam", hue: 0, points: per(adam.regrets) }, { name: "AMSGrad", hue: 2, points: per(amsgrad.regrets) },
          { name: "bound for AMSGrad", hue: 2, style: "dash", points: bound.map(([t, b]) => [t, b / t]) },
          { name: "Adam's regret is at least this (theorem)", hue: 1, style: "dot", points: line.map(([t, b]) => [t, b / t]) }] }),
      lineChart({ title: "Adam on x²/2: a constant step ends in a cycle", width, x: { label: "step" }, y: { label: "gap", log: true },
        series: [{ name: "constant η", hue: 0, points: constant }, { name: "falling η/√(k+1)", hue: 2, points: falling }] }),
      lineChart({ title: "Scales that follow the gradient, on mirrored spikes", width, x: { label: "round", log: true }, y: { label: "regret / T", log: true },
        series: [{ name: "no scales", hue: 0, points: per(trapped.plain) }, { name: "frozen scales", hue: 2, points: per(trapped.frozen) },
          { name: "live scales", hue: 3, points: per(trapped.live) },
          { name: "bound for scales that never move", hue: 1, style: "dash", points: trapped.bound.map(([t, b]) => [t, b / t]) }] }),
    ],
  };
}

export const COUNTER = {
  id: "counter", name: "F Counterexamples", title: "F · Counterexamples",
  lead: "Losses C·x, −x, −x, C·x, … on [−1, 1] (Reddi, Kale and Kumar, 2018). Since C > 2, the best point is −1. Which methods find it?",
  question: "Adam without momentum and β₂ = 1/(1+C²): where does it end?",
  answer: "At +1, the worst point: two steps of −1 outweigh one of C, because v grows with C at once and has forgotten it a round later. AMSGrad's maximum does not forget.",
  settings: [
    range("large", "Large slope C", 2.1, 8, 0.1, 3),
    check("proof", "β₂ = 1/(1+C²), as in the proof", true),
    range("beta2", "β₂ otherwise, and in the cycle", 0.05, 0.99, 0.01, 0.9),
    logRange("alpha", "Step scale α (steps α/√t)", 0.05, 2, 0.05, 0.5),
    range("rounds", "Rounds", 30, 1500, 30, 600),
  ],
  draw,
};
