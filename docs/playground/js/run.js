// Runs of a method: the points x_0, ..., x_N, one run or the mean over several.
import { functionOracle } from "./problems.js";
import { streams } from "./random.js";
import { onlineOracle } from "./online.js";

const LOST = 1e12;

export function trajectory(method, problem, steps, seed = 0, run = 0) {
  const oracle = functionOracle(problem, streams(seed, run));
  let x = problem.start, state = method.init(x);
  const points = [x], states = [state];
  for (let k = 0; k < steps; k++) {
    [x, state] = method.step(x, state, oracle);
    if (!x.every(a => Math.abs(a) < LOST)) break;
    points.push(x);
    states.push(state);
  }
  return { points, states, diverged: points.length <= steps };
}

export function gapsOf(points, problem, best = false) {
  let least = Infinity;
  return points.map(x => {
    const gap = problem.value(x) - problem.best;
    least = Math.min(least, gap);
    return best ? least : gap;
  });
}

// Mean of measure(x_k) over runs, for every k that all runs reach.
export function meanOver(runs, measure) {
  const length = Math.min(...runs.map(one => one.points.length));
  return Array.from({ length }, (_, k) => runs.reduce((sum, one) => sum + measure(one.points[k]), 0) / runs.length);
}

export function play(method, problem, rounds) {
  const oracle = onlineOracle(problem);
  let x = problem.start, state = method.init(x);
  const points = [x], regrets = [0];
  for (let t = 0; t < rounds; t++) {
    [x, state] = method.step(x, state, oracle);
    points.push(x);
    regrets.push(oracle.regret());
  }
  return { points, regrets };
}
