// Arithmetic of plain arrays; a number stands for an array of that number.

const at = (v, i) => (typeof v === "number" ? v : v[i]);

export const zip = (f, x, y) => x.map((xi, i) => f(xi, at(y, i)));
export const add = (x, y) => zip((a, b) => a + b, x, y);
export const sub = (x, y) => zip((a, b) => a - b, x, y);
export const mul = (x, y) => zip((a, b) => a * b, x, y);
export const zeros = x => x.map(() => 0);
export const dot = (x, y) => x.reduce((sum, xi, i) => sum + xi * y[i], 0);
export const norm = x => Math.sqrt(dot(x, x));
export const mix = (beta, m, g) => zip((a, b) => beta * a + (1 - beta) * b, m, g);
export const times = (A, x) => A.map(row => dot(row, x));
export const mean = v => v.reduce((sum, a) => sum + a, 0) / v.length;

export function median(values) {
  const v = [...values].sort((a, b) => a - b);
  return (v[(v.length - 1) >> 1] + v[v.length >> 1]) / 2;
}

export function transpose(A) {
  return A[0].map((_, j) => A.map(row => row[j]));
}

export function matrixProduct(A, B) {
  const columns = transpose(B);
  return A.map(row => columns.map(column => dot(row, column)));
}
