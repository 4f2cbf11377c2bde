// Gradient descent and its momenta. A method has init(x) and step(x, state, oracle) -> [x, state].
import { add, mix, mul, sub, zeros } from "./vectors.js";
import { stepAt } from "./schedules.js";

export function gradientDescent(options) {
  const { stepSize } = options;
  return {
    make: gradientDescent, options,
    init: () => ({ k: 0 }),
    step: (x, { k }, oracle) => [sub(x, mul(oracle.subgradient(x), stepAt(stepSize, k))), { k: k + 1 }],
  };
}

// v = beta v + g, a decaying sum; with nesterov the step is along g + beta v.
export function momentumSum(options) {
  const { stepSize, momentum, nesterov = false } = options;
  return {
    make: momentumSum, options,
    init: x => ({ k: 0, v: zeros(x) }),
    step(x, { k, v }, oracle) {
      const g = oracle.subgradient(x);
      v = add(mul(v, momentum), g);
      const direction = nesterov ? add(g, mul(v, momentum)) : v;
      return [sub(x, mul(direction, stepAt(stepSize, k))), { k: k + 1, v }];
    },
  };
}

// m = beta m + (1 - beta) g, a decaying average.
export function momentumAverage(options) {
  const { stepSize, momentum } = options;
  return {
    make: momentumAverage, options,
    init: x => ({ k: 0, v: zeros(x) }),
    step(x, { k, v }, oracle) {
      v = mix(momentum, v, oracle.subgradient(x));
      return [sub(x, mul(v, stepAt(stepSize, k))), { k: k + 1, v }];
    },
  };
}

// The velocity convention: x - alpha g + beta (x - previous).
export function heavyBall(options) {
  const { stepSize, momentum } = options;
  return {
    make: heavyBall, options,
    init: x => ({ k: 0, previous: x }),
    step(x, { k, previous }, oracle) {
      const descended = sub(x, mul(oracle.subgradient(x), stepAt(stepSize, k)));
      return [add(descended, mul(sub(x, previous), momentum)), { k: k + 1, previous: x }];
    },
  };
}

export const NESTEROV_RAMP = k => k / (k + 3);

export function nesterov(options) {
  const { stepSize, momentum = NESTEROV_RAMP } = options;
  return {
    make: nesterov, options,
    init: x => ({ k: 0, y: x }),
    step(x, { k, y }, oracle) {
      const following = sub(y, mul(oracle.subgradient(y), stepAt(stepSize, k)));
      const beta = stepAt(momentum, k);
      return [following, { k: k + 1, y: add(following, mul(sub(following, x), beta)) }];
    },
  };
}
