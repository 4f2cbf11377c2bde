// Online linear losses: the player plays x, the loss is <g, x>, then g is revealed.
import { add, dot, zeros } from "./vectors.js";

// C x in rounds 1, 4, 7, ..., -x in the others, on [-1, 1], from x = 1.
export const reddi = ({ large }) => ({
  start: [1], low: [-1], high: [1], bounds: [large],
  reveal: t => [t % 3 === 1 ? large : -1],
});

// Two mirrored coordinates with a spike in every third round, and two pairs of slope 1 that hold the reference.
export const liveScaleTrap = ({ spike }) => ({
  start: Array(6).fill(0), low: Array(6).fill(-1), high: Array(6).fill(1),
  bounds: [spike, spike, 1, 1, 1, 1],
  reveal(t) {
    const moving = t % 3 === 1 ? spike : -1, turn = t % 2 ? 1 : -1;
    return [moving, -moving, turn, -turn, turn, -turn];
  },
});

export function onlineOracle(problem) {
  let t = 0, loss = 0, total = zeros(problem.start);
  const { low, high } = problem;
  return {
    project: x => x.map((a, i) => Math.min(Math.max(a, low[i]), high[i])),
    subgradient(x) {
      const g = problem.reveal(++t);
      loss += dot(g, x);
      total = add(total, g);
      return g;
    },
    // Loss beyond that of the best fixed point.
    regret: () => loss + total.reduce((sum, s, i) => sum + Math.max(-s * low[i], -s * high[i]), 0),
  };
}
