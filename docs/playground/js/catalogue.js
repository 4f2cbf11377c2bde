// The methods and problems that a reader can choose, by name; every page and every test builds them here.
import { gradientDescent, heavyBall, momentumAverage, momentumSum, nesterov } from "./methods_gradient.js";
import { adagrad, adam, amsgrad, rmsprop } from "./methods_adaptive.js";
import { lion, signSGD, signum, stoSign, stoSignMomentum } from "./methods_sign.js";
import { clipNorm, coupledDecay, grouping, projected } from "./methods_wrappers.js";

export const OURS = { once: true, statistic: "rms", reference: "parameters", smoothing: 0.9, low: 0.1, high: 10 };
export const THREES = [{ start: 0, size: 3 }, { start: 3, size: 3 }, { start: 6, size: 3 }];
export const PAIRS = [{ start: 0, size: 2 }, { start: 2, size: 2 }, { start: 4, size: 2 }];
const TRAP = { statistic: "deviation", reference: "cells", smoothing: 0, low: 0.33, high: 1 };

export const METHODS = {
  "gradient-descent": { label: "Gradient descent / SGD", make: ({ eta }) => gradientDescent({ stepSize: eta }) },
  "momentum-sum": { label: "Momentum, v = βv + g",
    make: ({ eta, beta }) => momentumSum({ stepSize: eta, momentum: beta }) },
  "momentum-average": { label: "Momentum, m = βm + (1−β)g",
    make: ({ eta, beta }) => momentumAverage({ stepSize: eta, momentum: beta }) },
  "heavy-ball": { label: "Heavy ball, v = βv + ηg",
    make: ({ eta, beta }) => heavyBall({ stepSize: eta, momentum: beta }) },
  "nesterov-momentum": { label: "Nesterov momentum (constant β)",
    make: ({ eta, beta }) => momentumSum({ stepSize: eta, momentum: beta, nesterov: true }) },
  nesterov: { label: "Nesterov, β = k/(k+3)", make: ({ eta }) => nesterov({ stepSize: eta }) },
  adagrad: { label: "AdaGrad", make: ({ eta }) => adagrad({ stepSize: eta }) },
  rmsprop: { label: "RMSProp", make: ({ eta }) => rmsprop({ stepSize: eta }) },
  adam: { label: "Adam", make: ({ eta, beta, ...rest }) => adam({ stepSize: eta, beta1: beta, ...rest, weightDecay: 0 }) },
  adamw: { label: "AdamW (decay 0.1)",
    make: ({ eta, beta, weightDecay = 0.1, ...rest }) => adam({ stepSize: eta, beta1: beta, weightDecay, ...rest }) },
  amsgrad: { label: "AMSGrad", make: ({ eta, beta, beta2 }) => amsgrad({ stepSize: eta, beta1: beta, beta2 }) },
  signsgd: { label: "SignSGD", make: ({ eta }) => signSGD({ stepSize: eta }) },
  signum: { label: "Signum", make: ({ eta, beta }) => signum({ stepSize: eta, momentum: beta }) },
  lion: { label: "Lion", make: ({ eta, beta }) => lion({ stepSize: eta, beta1: beta }) },
  stosign: { label: "StoSignSGD (T)", make: ({ eta }) => stoSign({ stepSize: eta }) },
  "stosign-momentum": { label: "StoSignSGD (P, with momentum)",
    make: ({ eta, beta }) => stoSignMomentum({ stepSize: eta, beta }) },
};

// What the six pages run beyond it.
export const WRAPPED = {
  "clipped-adam": ({ eta, beta, limit, ...rest }) => clipNorm(METHODS.adam.make({ eta, beta, ...rest }), limit),
  "clipped-sgd": ({ eta, limit }) => clipNorm(METHODS["gradient-descent"].make({ eta }), limit),
  "coupled-adam": ({ eta, beta, weightDecay, ...rest }) =>
    coupledDecay(METHODS.adam.make({ eta, beta, ...rest }), weightDecay),
  "grouped-sgd": ({ eta }) => grouping(METHODS["gradient-descent"].make({ eta }), THREES, OURS),
  "grouped-momentum": ({ eta, beta }) => grouping(METHODS["momentum-sum"].make({ eta, beta }), THREES, OURS),
  "grouped-adamw": ({ eta, beta, weightDecay }) =>
    grouping(METHODS.adamw.make({ eta, beta, weightDecay }), THREES, OURS),
  "projected-adam": options => projected(METHODS.adam.make(options)),
  "projected-amsgrad": options => projected(METHODS.amsgrad.make(options)),
  "projected-descent": ({ eta }) => projected(METHODS["gradient-descent"].make({ eta })),
  "frozen-scales": ({ eta }) =>
    projected(grouping(METHODS["gradient-descent"].make({ eta }), PAIRS, { ...TRAP, once: true })),
  "live-scales": ({ eta }) =>
    projected(grouping(METHODS["gradient-descent"].make({ eta }), PAIRS, { ...TRAP, period: 1 })),
};

export const methodNamed = (name, options) => (METHODS[name] ? METHODS[name].make(options) : WRAPPED[name](options));
