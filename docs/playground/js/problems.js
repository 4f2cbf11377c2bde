// Problems with known constants, and the oracles that a method asks.
import { add, dot, matrixProduct, mul, norm, times, transpose } from "./vectors.js";
import { normalQuantile, stream } from "./random.js";

const clipTo = (low, high) => x => x.map((a, i) => Math.min(Math.max(a, low[i]), high[i]));
const free = x => x;

export function geometric(low, high, count) {
  if (count === 1) return [high];
  return Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));
}

const identity = n => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));

// f(x) = x'Hx / 2; eigenvectors are turned by an angle in the plane of each two neighbouring axes.
export function quadratic({ spectrum, at, rotation = 0 }) {
  const n = spectrum.length;
  let basis = identity(n);
  for (let i = 0; rotation && i < n - 1; i++) {
    const turn = identity(n), c = Math.cos(rotation), s = Math.sin(rotation);
    turn[i][i] = turn[i + 1][i + 1] = c;
    turn[i][i + 1] = -s;
    turn[i + 1][i] = s;
    basis = matrixProduct(turn, basis);
  }
  const hessian = matrixProduct(basis.map(row => mul(row, spectrum)), transpose(basis));
  const subgradient = rotation ? x => times(hessian, x) : x => mul(x, spectrum);
  return {
    start: times(basis, at), spectrum, coordinates: at, draws: 0, project: free, subgradient,
    value: x => dot(subgradient(x), x) / 2, best: 0,
    smoothness: Math.max(...spectrum), strongConvexity: Math.min(...spectrum), radius: norm(at),
  };
}

const upperSign = a => (a >= 0 ? 1 : -1);

// f(x) = epsilon |sum x| + sum |x_2k-1 - x_2k| on the box [-2, 2]^d.
export function opposedPairs({ dim, epsilon, spread }) {
  const start = Array.from({ length: dim }, (_, i) => 1 + spread * (i % 2 ? -1 : 1));
  const total = x => x.reduce((sum, a) => sum + a, 0);
  return {
    start, draws: 0, best: 0, lipschitz: Math.sqrt(dim * (1 + epsilon ** 2)), radius: norm(start),
    invariantGap: epsilon * dim,
    project: clipTo(Array(dim).fill(-2), Array(dim).fill(2)),
    value: x => epsilon * Math.abs(total(x))
      + x.reduce((sum, a, i) => (i % 2 ? sum + Math.abs(x[i - 1] - a) : sum), 0),
    subgradient(x) {
      const common = epsilon * upperSign(total(x));
      return x.map((_, i) => (i % 2 ? common - upperSign(x[i - 1] - x[i]) : common + upperSign(x[i] - x[i + 1])));
    },
  };
}

// The resisting oracle: max of the coordinates, cut off at the level -R / sqrt(N + 1), R = M = 1.
export function maxCoordinate({ horizon }) {
  const level = -1 / Math.sqrt(horizon + 1);
  return {
    start: Array(horizon + 1).fill(0), draws: 0, best: level, lipschitz: 1, radius: 1, project: free,
    value: x => Math.max(...x, level),
    subgradient(x) {
      const top = Math.max(...x), first = x.indexOf(top);
      return x.map((_, i) => (i === first && top > level ? 1 : 0));
    },
  };
}

// Random orthogonal matrix: Gram-Schmidt on normal vectors, twice, since one pass loses digits.
export function randomRotation(n, uniforms) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    let v = uniforms.uniform(n).map(normalQuantile);
    for (let pass = 0; pass < 2; pass++) for (const row of rows) v = add(v, mul(row, -dot(row, v)));
    rows.push(mul(v, 1 / norm(v)));
  }
  return rows;
}

export const BLOCKS = { het: [[1, 2, 3], [99, 100, 101], [4998, 4999, 5000]],
  hom: [[1, 99, 4998], [2, 100, 4999], [3, 101, 5000]] };

// Three blocks of three eigenvalues, each block turned at random.
export function blockQuadratic({ arrangement, noise, seed }) {
  const eigenvalues = BLOCKS[arrangement], source = stream(seed, "blocks", 0);
  const rotations = eigenvalues.map(block => randomRotation(block.length, source));
  const hessians = eigenvalues.map((block, b) =>
    matrixProduct(rotations[b].map(row => mul(row, block)), transpose(rotations[b])));
  const start = source.uniform(9).map(normalQuantile);
  const subgradient = x => hessians.flatMap((H, b) => times(H, x.slice(3 * b, 3 * b + 3)));
  const deviations = eigenvalues.flatMap(block => block.map(() => noise * Math.sqrt((block[0] + block[1] + block[2]) / 3)));
  return {
    start, rotations, project: free, subgradient, best: 0, smoothness: 5000, strongConvexity: 1,
    value: x => dot(subgradient(x), x) / 2, draws: noise ? 9 : 0, radius: norm(start),
    sampled: (x, u) => add(subgradient(x), mul(deviations, u.map(normalQuantile))),
  };
}

export function prescribed({ slopes, at = 0 }) {
  return { start: [at], project: free, value: x => slopes[0] * x[0], best: 0, slopes };
}

// Additive noise over a problem with exact subgradients.
export function noisy(problem, kind, deviations) {
  const shape = kind === "gaussian" ? normalQuantile : u => (u < 0.5 ? 1 : -1);
  return {
    ...problem, draws: deviations.length, deviations,
    sampled: (x, u) => add(problem.subgradient(x), mul(u.map(shape), deviations)),
  };
}

export function functionOracle(problem, sources) {
  let sample, noise, calls = 0;
  return {
    project: problem.project,
    uniform: width => (noise ??= sources.open("noise")).uniform(width),
    subgradient(x) {
      if (problem.slopes) return x.map(() => problem.slopes[Math.min(calls++, problem.slopes.length - 1)]);
      if (!problem.draws) return problem.subgradient(x);
      return problem.sampled(x, (sample ??= sources.open("sample")).uniform(problem.draws));
    },
  };
}
