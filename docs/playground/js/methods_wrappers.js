// Wrappers that hold an inner method: projection, clipping, coupled decay, gradient grouping.
import { add, mean, median, mul, norm, zip } from "./vectors.js";
import { stepAt } from "./schedules.js";

export function projected(inner) {
  return {
    init: inner.init,
    step(x, state, oracle) {
      const [following, next] = inner.step(x, state, oracle);
      return [oracle.project(following), next];
    },
  };
}

const changed = (oracle, change) => ({ ...oracle, subgradient: x => change(x, oracle.subgradient(x)) });

function clip(g, limit) {
  const length = norm(g);
  return length > limit ? mul(g, limit / length) : g;
}

export function clipNorm(inner, limit) {
  return { init: inner.init, step: (x, s, oracle) => inner.step(x, s, changed(oracle, (_, g) => clip(g, limit))) };
}

// Weight decay that enters the gradient.
export function coupledDecay(inner, lambda) {
  return {
    init: inner.init,
    step: (x, s, oracle) => inner.step(x, s, changed(oracle, (y, g) => add(g, mul(y, lambda)))),
  };
}

function recorded(oracle) {
  const answers = [];
  let cursor = 0;
  const answer = ask => (cursor === answers.length && answers.push(ask()), answers[cursor++]);
  return {
    ...oracle,
    rewind: () => { cursor = 0; },
    subgradient: x => answer(() => oracle.subgradient(x)),
    uniform: width => answer(() => oracle.uniform(width)),
    first: () => answers[0],
  };
}

const slice = (m, { start, size }) => m.slice(start, start + size);

// Scales of gradient grouping with one group for each layer: reference spread over the layer's own.
function ratios(m, layers, rule) {
  const sizes = layers.map(layer => {
    const part = slice(m, layer), centre = rule.statistic === "deviation" ? mean(part) : 0;
    return part.map(a => Math.abs(a - centre));
  });
  const spread = size => (rule.statistic === "deviation" ? median(size) : Math.sqrt(mean(size.map(a => a ** 2))));
  const cells = sizes.map(spread);
  const reference = median(rule.reference === "cells" ? cells : sizes.flat());
  return cells.map(D => Math.min(Math.max(reference / (D + 1e-8), rule.low), rule.high));
}

// SGG, one group for each layer. rule: period, once, statistic, reference, smoothing, low, high.
export function grouping(inner, layers, rule) {
  const due = k => (rule.once ? k === 0 : (k + 1) % rule.period === 0);
  function scaledStep(x, state, oracle, factors) {
    const { stepSize, weightDecay } = inner.options;
    const scaledRule = k => mul(factors, stepAt(stepSize, k));
    if (!weightDecay) return inner.make({ ...inner.options, stepSize: scaledRule }).step(x, state, oracle);
    oracle.subgradient(x);
    oracle.rewind();
    const kept = mul(x, 1 - stepAt(stepSize, state.k) * weightDecay);
    return inner.make({ ...inner.options, stepSize: scaledRule, weightDecay: 0 }).step(kept, state, oracle);
  }
  return {
    init: x => ({ k: 0, count: 0, inner: inner.init(x), scales: layers.map(() => 1), factors: x.map(() => 1) }),
    step(x, state, oracle) {
      const memory = recorded(oracle);
      let { count, scales, factors } = state;
      if (due(state.k)) {
        const [, probed] = inner.step(x, state.inner, memory);
        memory.rewind();
        const m = probed.m ?? (inner.options.momentum === undefined ? undefined : probed.v) ?? memory.first();
        const weight = count === 0 ? 0 : rule.smoothing;
        scales = zip((s, r) => weight * s + (1 - weight) * r, scales, ratios(m, layers, rule));
        factors = layers.flatMap(({ size }, i) => Array(size).fill(scales[i]));
        count += 1;
      }
      const [following, next] =
        count === 0 ? inner.step(x, state.inner, memory) : scaledStep(x, state.inner, memory, factors);
      return [following, { k: state.k + 1, count, inner: next, scales, factors }];
    },
  };
}
