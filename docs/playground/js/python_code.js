// The run of the bench as a Python program on the package, to take along.

const METHODS = {
  "gradient-descent": ["gradient", "Subgradient({eta})"],
  "momentum-sum": ["momentum", "Momentum({eta}, {beta})"],
  "momentum-average": ["momentum", "AveragedMomentum({eta}, {beta})"],
  "heavy-ball": ["momentum", "HeavyBall({eta}, {beta})"],
  "nesterov-momentum": ["momentum", "Momentum({eta}, {beta}, nesterov=True)"],
  nesterov: ["nesterov", "Nesterov({eta})"],
  adagrad: ["adaptive", "AdaGrad({eta})"],
  rmsprop: ["adaptive", "RMSProp({eta})"],
  adam: ["adam", "Adam({eta}, {beta})"],
  adamw: ["adam", "AdamW({eta}, {beta}, weight_decay=0.1)"],
  amsgrad: ["adam", "AMSGrad({eta}, {beta})"],
  signsgd: ["sign", "SignSGD({eta})"],
  signum: ["sign", "Signum({eta}, {beta})"],
  lion: ["sign", "Lion({eta}, {beta})"],
  stosign: ["stosign", "StoSignT({eta})"],
  "stosign-momentum": ["stosign", "StoSignP({eta}, {beta})"],
};

const real = a => (Number.isInteger(a) ? `${a}.0` : String(a));
const tuple = values => `(${values.map(real).join(", ")}${values.length === 1 ? "," : ""})`;
const nameOf = call => call.slice(0, call.indexOf("("));

function problemCode({ problem }, { spectrum, coordinates, start }, steps) {
  if (problem === "pairs") return ["sign_counterexamples", `OpposedPairs(${start.length}, 0.5, 0.1)`];
  if (problem === "resisting") return ["worst_case", `MaxCoordinate(${steps})`];
  const turned = problem === "rotated" ? ", np.pi / 4" : "";
  return ["quadratic", `Quadratic(${tuple(spectrum)}, ${tuple(coordinates)}${turned})`];
}

export function pythonCode(v, problem) {
  const steps = Math.round(v.steps), [testbed, call] = problemCode(v, problem, steps), [family, template] = METHODS[v.method];
  const method = template.replace("{eta}", real(v.eta)).replace("{beta}", real(v.beta));
  const boxed = v.problem === "pairs", runs = v.noise ? 24 : 1;
  const lines = [
    "import numpy as np",
    "",
    ...(v.noise ? ["from ratecheck.testbeds.noise import Gaussian, Noisy"] : []),
    `from ratecheck.testbeds.${testbed} import ${nameOf(call)}`,
    "from ratecheck.testbeds.streams import Streams",
    `from ratecheck.theory.methods.${family} import ${nameOf(method)}`,
    ...(boxed ? ["from ratecheck.theory.methods.gradient import Projected"] : []),
    "",
    `problem = ${v.noise ? `Noisy(${call}, Gaussian(${tuple(problem.deviations)}))` : call}`,
    `method = ${boxed ? `Projected(${method})` : method}`,
    `oracle = problem.oracle(Streams(${v.seed}, "playground", range(${runs})))`,
    `x = np.tile(problem.start, (${runs}, 1))`,
    "state = method.init(x)",
    `for _ in range(${steps}):`,
    "    x, state = method.step(x, state, oracle)",
    'gap = problem.value(x).mean() - problem.facts["f_star"]',
    "print(gap)",
  ];
  return lines.join("\n") + "\n";
}
