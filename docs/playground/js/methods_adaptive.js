// Methods with a step size for each coordinate.
import { add, mix, mul, sub, zeros, zip } from "./vectors.js";
import { stepAt } from "./schedules.js";

// m / (sqrt(v) + eps), or m / sqrt(v + eps); 0 where the denominator is 0.
function scaled(m, v, eps, inside = false) {
  return zip((a, b) => {
    const root = inside ? Math.sqrt(b + eps) : Math.sqrt(b) + eps;
    return root === 0 ? 0 : a / root;
  }, m, v);
}

export function adagrad(options) {
  const { stepSize, eps = 1e-10 } = options;
  return {
    make: adagrad, options,
    init: x => ({ k: 0, v: zeros(x) }),
    step(x, { k, v }, oracle) {
      const g = oracle.subgradient(x);
      v = add(v, mul(g, g));
      return [sub(x, mul(scaled(g, v, eps), stepAt(stepSize, k))), { k: k + 1, v }];
    },
  };
}

export function rmsprop(options) {
  const { stepSize, decay = 0.99, eps = 1e-8 } = options;
  return {
    make: rmsprop, options,
    init: x => ({ k: 0, v: zeros(x) }),
    step(x, { k, v }, oracle) {
      const g = oracle.subgradient(x);
      v = mix(decay, v, mul(g, g));
      return [sub(x, mul(scaled(g, v, eps), stepAt(stepSize, k))), { k: k + 1, v }];
    },
  };
}

// Adam; with weightDecay, AdamW.
export function adam(options) {
  const { stepSize, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 } = options;
  const { biasCorrection = true, epsInside = false } = options;
  return {
    make: adam, options,
    init: x => ({ k: 0, m: zeros(x), v: zeros(x) }),
    step(x, { k, m, v }, oracle) {
      const g = oracle.subgradient(x);
      const t = k + 1, eta = stepAt(stepSize, k);
      m = mix(beta1, m, g);
      v = mix(beta2, v, mul(g, g));
      const mHat = biasCorrection ? m.map(a => a / (1 - beta1 ** t)) : m;
      const vHat = biasCorrection ? v.map(a => a / (1 - beta2 ** t)) : v;
      const kept = weightDecay ? mul(x, 1 - eta * weightDecay) : x;
      return [sub(kept, mul(scaled(mHat, vHat, eps, epsInside), eta)), { k: t, m, v, mHat, vHat }];
    },
  };
}

export function amsgrad(options) {
  const { stepSize, beta1 = 0.9, beta2 = 0.999, eps = 0 } = options;
  return {
    make: amsgrad, options,
    init: x => ({ k: 0, m: zeros(x), v: zeros(x), largest: zeros(x) }),
    step(x, { k, m, v, largest }, oracle) {
      const g = oracle.subgradient(x);
      m = mix(beta1, m, g);
      v = mix(beta2, v, mul(g, g));
      largest = zip(Math.max, largest, v);
      return [sub(x, mul(scaled(m, largest, eps), stepAt(stepSize, k))), { k: k + 1, m, v, largest }];
    },
  };
}
