// What theorems promise. Each takes the constants of a problem and the number N of steps.

// Gradient descent with step h/L, 0 < h < 2: L R^2/2 max(1/(2Nh+1), (1-h)^(2N)).
export const descentGap = ({ smoothness: L, radius: R }, eta, N) =>
  (L * R ** 2) / 2 * Math.max(1 / (2 * N * eta * L + 1), (1 - eta * L) ** (2 * N));

// Nesterov with step 1/L and momentum k/(k+3): 2 L R^2/(N^2+5N+6).
export const nesterovGap = ({ smoothness: L, radius: R }, N) => (2 * L * R ** 2) / (N ** 2 + 5 * N + 6);

// Best iterate of the subgradient method with a constant step.
export const subgradientGap = ({ lipschitz: M, radius: R }, gamma, N) =>
  R ** 2 / (2 * (N + 1) * gamma) + (gamma * M ** 2) / 2;

// Stationary variance of momentum (sum convention; beta = 0 is SGD) in one mode under additive noise.
export const stationaryVariance = (eta, beta, lambda, variance) =>
  (eta * variance * (1 + beta)) / (lambda * (1 - beta) * (2 * (1 + beta) - eta * lambda));

// E x_k^2 of SGD in one mode from x_0 = c.
export function secondMoment(eta, lambda, variance, c, k) {
  const square = (1 - eta * lambda) ** (2 * k);
  return square * c ** 2 + (eta ** 2 * variance) / (1 - (1 - eta * lambda) ** 2) * (1 - square);
}

// E f(x_k) - f* of SGD on a quadratic.
export function expectedGap({ spectrum, coordinates, deviations }, eta, k) {
  const variance = i => (deviations ? deviations[i] ** 2 : 0);
  return spectrum.reduce((sum, l, i) => sum + (l / 2) * secondMoment(eta, l, variance(i), coordinates[i], k), 0);
}

// The modes of the heavy ball for k = 0, ..., count: powers of the companion matrix on (1, 1) c.
export function companionModes({ spectrum, coordinates }, eta, beta, count) {
  return spectrum.map((l, i) => {
    const path = [coordinates[i]];
    let before = coordinates[i];
    for (let k = 0; k < count; k++) {
      const here = path[k];
      path.push((1 + beta - eta * l) * here - beta * before);
      before = here;
    }
    return path;
  });
}

// Spectral radius of the companion matrix: the rate of one mode, h = eta lambda.
export function modeRate(h, beta) {
  const trace = 1 + beta - h, discriminant = trace ** 2 - 4 * beta;
  return discriminant < 0 ? Math.sqrt(beta) : (Math.abs(trace) + Math.sqrt(discriminant)) / 2;
}

// How much longer a first step is without bias correction.
export const correctionFactor = (beta1, beta2, t) => (1 - beta1 ** t) / Math.sqrt(1 - beta2 ** t);

// Regret of AMSGrad with steps alpha/sqrt(t) (Alacaoglu, Malitsky, Mertikopoulos and Cevher, 2020), width D.
export function amsgradRegret({ width, slopes }, { alpha, beta1, beta2 }, T) {
  const descent = (width ** 2 * Math.sqrt(T)) / (2 * alpha * (1 - beta1)) * slopes;
  const noise = (alpha * Math.sqrt(1 + Math.log(T))) / (Math.sqrt(1 - beta2) * (1 - beta1 ** 2 / beta2));
  return descent + noise * slopes * Math.sqrt(T);
}

// Linear regret of Adam without momentum, beta2 = 1/(1+C^2), on the losses C, -1, -1.
export const defeatedAdamRegret = (C, T) => (2 * (C - 2)) / 3 * T;

// Regret with scales in [low, high] that never move, steps eta/sqrt(t).
export function stillScalesRegret({ widths, bounds }, eta, low, high, T) {
  return Math.sqrt(T) * widths.reduce((sum, D, i) => sum + D ** 2 / (2 * eta * low) + high * eta * bounds[i] ** 2, 0);
}
