// E: the same spectrum arranged in two ways, and what scales for each layer are worth.
import { methodNamed } from "./catalogue.js";
import { blockQuadratic } from "./problems.js";
import { gapsOf, trajectory } from "./run.js";
import { SEED, choice, logRange, range } from "./controls.js";
import { bars, lineChart } from "./charts.js";
import { shown } from "./axes.js";
import { mean } from "./vectors.js";

const STEPS = 300;
const SHOWN = [["gradient-descent", "gradient descent", 0], ["grouped-sgd", "gradient descent with frozen layer scales", 1],
  ["momentum-sum", "momentum", 2], ["adam", "Adam", 3], ["grouped-adamw", "Adam with frozen layer scales", 4]];

function methodOf(name, v) {
  const classical = v.step / 5000;
  if (name === "adam" || name === "grouped-adamw") return methodNamed(name, { eta: v.adam, beta: 0.9, weightDecay: 0 });
  return methodNamed(name, { eta: classical, beta: v.beta });
}

function draw(v, width) {
  const problem = blockQuadratic({ arrangement: v.arrangement, noise: v.noise, seed: v.seed });
  const runs = SHOWN.map(([name, label, hue]) => ({ name: label, hue, run: trajectory(methodOf(name, v), problem, STEPS, v.seed) }));
  const series = runs.map(({ name, hue, run }) => ({ name, hue, points: gapsOf(run.points, problem).map((g, k) => [k, g]) }));
  const scaled = runs.filter(({ run }) => run.states[1].scales);
  const groups = scaled.map(({ name, hue, run }) => ({ name, hue, values: run.states[1].scales }));
  const said = groups.map(({ name, values }) => `${name}: mean scale ${shown(mean(values))}`).join("; ");
  return {
    reading: `Gap after ${STEPS} steps: ` + series.map(s => `${s.name} ${s.points.length > STEPS ? shown(s.points.at(-1)[1]) : "diverged"}`).join(", ")
      + `. ${said}: a mean above 1 is a hidden longer step, so compare at each method's own best step.`,
    figures: [
      lineChart({ title: "Gap", width, x: { label: "step" }, y: { label: "gap", log: true, cap: 30 * series[0].points[0][1] }, series }),
      bars({ title: "Scale of each layer, from the first gradient", groups, names: ["1", "2", "3"], y: "scale", width }),
    ],
  };
}

export const GROUPS = {
  id: "groups", name: "E Groups", title: "E · Heterogeneity and grouping",
  lead: "Three layers of three weights. The nine curvatures (1, 2, 3; 99, 100, 101; 4998, 4999, 5000) are sorted into the layers or dealt out evenly; the spectrum is the same.",
  question: "Gradient descent cannot tell the two arrangements apart. Can layer scales?",
  answer: "Yes: sorted, the layers' gradients differ a thousandfold and the scales spread from clamp to clamp (10 to 0.1); dealt out, every layer holds a steep direction, and what still differs is the luck of the first gradient (change the seed).",
  settings: [
    choice("arrangement", "Arrangement", { het: "sorted (heterogeneous)", hom: "dealt out (homogeneous)" }, "het"),
    range("step", "Step × L of gradient descent and momentum", 0.05, 3, 0.05, 1),
    range("beta", "Momentum β", 0, 0.98, 0.02, 0.9),
    logRange("adam", "Step size of Adam", 0.001, 1, 0.05, 0.05),
    range("noise", "Noise", 0, 1, 0.05, 0),
    SEED,
  ],
  draw,
};
