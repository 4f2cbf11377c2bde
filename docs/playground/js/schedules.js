// Step sizes as functions of the step number k = 0, 1, 2, ...

export const stepAt = (rule, k) => (typeof rule === "function" ? rule(k) : rule);
export const inverseSqrt = scale => k => scale / Math.sqrt(k + 1);
export const inverseTime = (scale, shift) => k => scale / (k + shift);
export const linearDecay = (peak, horizon, floor = 0) => k => floor + (peak - floor) * ((horizon - k) / horizon);
export const cosine = (peak, horizon, floor = 0) => k =>
  floor + (peak - floor) * ((1 + Math.cos((Math.PI * k) / horizon)) / 2);
export const stepDecay = (initial, factor, every) => k => initial * factor ** Math.floor(k / every);
export const exponential = (initial, rate) => k => initial * Math.exp(-rate * k);
export const stableThenDecay = (peak, stable, decay, floor = 0) => k =>
  k < stable ? peak : linearDecay(peak, decay, floor)(k - stable);
export const warmUp = (inner, steps, start = 0) => k =>
  k >= steps ? inner(k - steps) : inner(0) * (start + (1 - start) * (k / steps));
