// The bench: any method on any problem; trajectory, gap and bound move together.
import { METHODS } from "./catalogue.js";
import { companionModes, descentGap, expectedGap, nesterovGap, stationaryVariance, subgradientGap } from "./bounds.js";
import { geometric, maxCoordinate, noisy, opposedPairs, quadratic } from "./problems.js";
import { gapsOf, meanOver, trajectory } from "./run.js";
import { projected } from "./methods_wrappers.js";
import { SEED, choice, logRange, range } from "./controls.js";
import { lineChart, pathChart } from "./charts.js";
import { pythonCode } from "./python_code.js";
import { shown } from "./axes.js";

const RUNS = 24;
const PROBLEMS = {
  ravine: "Ravine along the axes (quadratic)", rotated: "Ravine turned by 45°", pairs: "Opposed pairs (nonsmooth)",
  resisting: "Resisting oracle (nonsmooth)",
};
const WITHOUT_MOMENTUM = ["gradient-descent", "nesterov", "adagrad", "rmsprop", "signsgd", "stosign"];
const isQuadratic = name => name === "ravine" || name === "rotated";

export function problemOf({ problem, kappa, dim, noise, steps }) {
  const even = 2 * Math.ceil(dim / 2);
  const inner = {
    ravine: () => quadratic({ spectrum: geometric(1 / kappa, 1, dim), at: Array(dim).fill(1) }),
    rotated: () => quadratic({ spectrum: geometric(1 / kappa, 1, dim), at: Array(dim).fill(1), rotation: Math.PI / 4 }),
    pairs: () => opposedPairs({ dim: even, epsilon: 0.5, spread: 0.1 }),
    resisting: () => maxCoordinate({ horizon: Math.round(steps) }),
  }[problem]();
  return noise ? noisy(inner, "gaussian", inner.start.map(() => noise)) : inner;
}

const modesGap = (problem, eta, beta, count) => {
  const modes = companionModes(problem, eta, beta, count);
  return k => problem.spectrum.reduce((sum, l, i) => sum + (l / 2) * modes[i][k] ** 2, 0);
};

// The theorems that speak about this choice: [name, function of the step number], or a sentence that says why none.
function theory(v, problem, steps) {
  const { method, eta, noise } = v;
  const momentum = { "momentum-sum": eta, "heavy-ball": eta, "momentum-average": eta * (1 - v.beta) }[method];
  if (v.problem === "pairs" && method === "signsgd" && !noise) {
    return [["floor of sign descent: εd, for no sign step changes the sum of x", () => problem.invariantGap]];
  }
  if (!isQuadratic(v.problem)) {
    if (method !== "gradient-descent" || noise) return "No theorem of this page speaks about this pair; the bound is for exact gradient steps.";
    return [["bound on the best iterate: R²/(2(N+1)γ) + γM²/2", N => subgradientGap(problem, eta, N)]];
  }
  if (method === "gradient-descent") {
    if (eta >= 2) return "No bound: the step is beyond 2/L, where gradient descent diverges.";
    const law = ["exact law on this quadratic", k => expectedGap(problem, eta, k)];
    return noise ? [law] : [["bound: LR²/2 · max{1/(2Nh+1), (1−h)²ᴺ}", N => descentGap(problem, eta, N)], law];
  }
  if (momentum) {
    if (momentum >= 2 * (1 + v.beta)) return "No law: the step is beyond 2(1+β)/L, where momentum diverges.";
    if (!noise) return [["exact law: powers of the companion matrix", modesGap(problem, momentum, v.beta, steps)]];
    const floor = problem.spectrum.reduce((sum, l) => sum + (l / 2) * stationaryVariance(momentum, v.beta, l, noise ** 2), 0);
    return [["noise floor, where it ends", () => floor]];
  }
  if (method === "nesterov" && !noise) {
    if (eta !== 1) return "The theorem asks for η = 1/L exactly, which is 1 here.";
    return [["bound: 2LR²/(N²+5N+6)", N => nesterovGap(problem, N)]];
  }
  return "No bound of this page speaks about this method here. That is common, and no sign that it fails.";
}

// A bound is compared at every step, a law at the end.
function compared([label, value], counted) {
  const ratios = counted.map(([k, gap]) => gap / value(k));
  if (!label.startsWith("bound")) return `Measured ÷ theory at the end: ${shown(ratios.at(-1))}.`;
  const largest = Math.max(...ratios);
  return `The bound ${largest <= 1 + 1e-9 ? "holds" : "is exceeded"}: measured ÷ bound is at most ${shown(largest)} over all steps, ${shown(ratios.at(-1))} at the end.`;
}

export function methodOf(v) {
  const method = METHODS[v.method].make({ eta: v.eta, beta: v.beta });
  return v.problem === "pairs" ? projected(method) : method;
}

function draw(v, width) {
  const steps = Math.round(v.steps), problem = problemOf(v), method = methodOf(v);
  const runs = Array.from({ length: v.noise ? RUNS : 1 }, (_, run) => trajectory(method, problem, steps, v.seed, run));
  const best = !isQuadratic(v.problem) && v.method === "gradient-descent";
  const measured = runs.length > 1 ? meanOver(runs, x => problem.value(x) - problem.best) : gapsOf(runs[0].points, problem, best);
  const told = theory(v, problem, steps), laws = typeof told === "string" ? [] : told;
  const counted = measured.map((gap, k) => [k, gap]);
  const name = (runs.length > 1 ? `mean of ${RUNS} runs` : "gap") + (best ? " of the best iterate" : "");
  const from = laws.some(([label]) => label.startsWith("bound")) ? 1 : 0;
  const curves = laws.map(([label, value], i) => ({ name: label, hue: 1, style: i ? "dot" : "dash",
    points: counted.slice(i ? 0 : from).map(([k]) => [k, value(k)]) }));
  const x = runs[0].points, last = problem.start.length - 1, other = Math.min(last, isQuadratic(v.problem) ? last : 1);
  const plane = x.map(p => [p[0], p[other]]);
  const least = Math.max(...problem.start.map(Math.abs), 0.3) * 1.35;
  const reach = Math.min(Math.max(least, ...plane.flat().map(a => Math.abs(a) * 1.05)), 3 * least);
  const flat = (a, b) => problem.value(problem.start.map((_, i) => (i === 0 ? a : i === other ? b : 0)));
  const end = counted.at(-1)[0];
  const reading = (runs.some(r => r.diverged) ? `Diverged after ${end} steps. ` : `After ${end} steps the gap is ${shown(measured[end])}. `)
    + (laws.length ? compared(laws[0], counted.slice(from)) : told);
  return {
    reading,
    code: pythonCode(v, problem),
    figures: [
      pathChart({ title: "Trajectory (first and " + (other === 1 ? "second" : "last") + " coordinate)", f: flat, width,
        range: { x: { low: -reach, high: reach }, y: { low: -reach, high: reach } }, labels: { x: "x₁", y: other === 1 ? "x₂" : `x${other + 1}` },
        series: [{ name: METHODS[v.method].label, hue: 0, points: plane }] }),
      lineChart({ title: "Gap f(x) − f*, and what theory says", width, x: { label: "step N" }, y: { label: "gap", log: true, cap: 30 * counted[0][1] },
        series: [{ name, hue: 0, points: counted }, ...curves] }),
    ],
  };
}

export const BENCH = {
  id: "bench", name: "Bench", title: "Bench: any method on any problem",
  lead: "L = 1, μ = 1/κ. The dashed line is a theorem, where one speaks about your choice; otherwise the page says that none does.",
  question: "Ravine, gradient descent, κ = 30. At which step size does the gap stop shrinking and explode?",
  answer: "Just beyond η = 2/L = 2. With the heavy ball the edge moves out to 2(1+β)/L.",
  settings: [
    choice("problem", "Problem", PROBLEMS, "ravine"),
    choice("method", "Method", Object.fromEntries(Object.entries(METHODS).map(([key, m]) => [key, m.label])), "gradient-descent"),
    logRange("eta", "Step size η", 0.001, 10, 0.05, 1),
    range("beta", "Momentum β", 0, 0.98, 0.01, 0.8, { idle: v => WITHOUT_MOMENTUM.includes(v.method) }),
    range("noise", "Noise σ per coordinate", 0, 1, 0.05, 0),
    range("dim", "Dimension", 2, 10, 1, 2, { idle: v => v.problem === "resisting" }),
    logRange("kappa", "Condition number κ", 1, 1000, 0.1, 10 ** 1.5, { idle: v => !isQuadratic(v.problem) }),
    range("steps", "Steps", 10, 600, 10, 100),
    { ...SEED, idle: v => !v.noise && !v.method.startsWith("stosign") },
  ],
  draw,
};
