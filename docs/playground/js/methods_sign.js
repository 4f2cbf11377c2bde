// Sign methods.
import { mix, mul, sub, zeros, zip } from "./vectors.js";
import { stepAt } from "./schedules.js";

export function signSGD(options) {
  const { stepSize } = options;
  return {
    make: signSGD, options,
    init: () => ({ k: 0 }),
    step: (x, { k }, oracle) =>
      [sub(x, mul(oracle.subgradient(x).map(Math.sign), stepAt(stepSize, k))), { k: k + 1 }],
  };
}

export function signum(options) {
  const { stepSize, momentum } = options;
  return {
    make: signum, options,
    init: x => ({ k: 0, m: zeros(x) }),
    step(x, { k, m }, oracle) {
      m = mix(momentum, m, oracle.subgradient(x));
      return [sub(x, mul(m.map(Math.sign), stepAt(stepSize, k))), { k: k + 1, m }];
    },
  };
}

export function lion(options) {
  const { stepSize, beta1 = 0.9, beta2 = 0.99 } = options;
  return {
    make: lion, options,
    init: x => ({ k: 0, m: zeros(x) }),
    step(x, { k, m }, oracle) {
      const g = oracle.subgradient(x);
      return [sub(x, mul(mix(beta1, m, g).map(Math.sign), stepAt(stepSize, k))), { k: k + 1, m: mix(beta2, m, g) }];
    },
  };
}

// A random sign of mean v / R from a uniform number; a sum of exactly 0 counts as +1.
const randomSign = (v, R, u) => (v === 0 && R === 0 ? 0 : v + R * (2 * u - 1) >= 0 ? 1 : -1);
const largerOf = (G, v) => zip((a, b) => Math.max(a, Math.abs(b)), G, v);

// StoSignSGD, algorithm T: the envelope is the running maximum of |g|.
export function stoSign(options) {
  const { stepSize } = options;
  return {
    make: stoSign, options,
    init: x => ({ k: 0, envelope: zeros(x) }),
    step(x, { k, envelope }, oracle) {
      const g = oracle.subgradient(x);
      envelope = largerOf(envelope, g);
      const u = oracle.uniform(x.length);
      const s = g.map((gi, i) => randomSign(gi, envelope[i], u[i]));
      return [oracle.project(sub(x, mul(s, stepAt(stepSize, k)))), { k: k + 1, envelope }];
    },
  };
}

// StoSignSGD, algorithm P: the sign is that of an average of the gradients.
export function stoSignMomentum(options) {
  const { stepSize, beta, weightDecay = 0 } = options;
  return {
    make: stoSignMomentum, options,
    init: x => ({ k: 0, m: zeros(x), envelope: zeros(x) }),
    step(x, { k, m, envelope }, oracle) {
      m = mix(beta, m, oracle.subgradient(x));
      envelope = largerOf(envelope, m);
      const eta = stepAt(stepSize, k), u = oracle.uniform(x.length);
      const s = m.map((mi, i) => randomSign(mi, envelope[i], u[i]));
      return [sub(mul(x, 1 - eta * weightDecay), mul(s, eta)), { k: k + 1, m, envelope }];
    },
  };
}
