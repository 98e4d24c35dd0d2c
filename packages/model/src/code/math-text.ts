/**
 * The functions of `src/math` that links need, as JavaScript to be written into modules: the same
 * operations in the same order. A test compares their bits.
 */
export const mathText = `const asDouble = new Float64Array([1]);
const asWords = new Uint32Array(asDouble.buffer);
const HIGH = asWords[1] === 0x3ff00000 ? 1 : 0;

/** e^x, after fdlibm (Sun Microsystems, 1993): the same bits on every machine. */
function exp(x) {
  let y = x > 710 ? 710 : x;
  y = y < -746 ? -746 : y;
  const n = y * 1.44269504088896338700 + 6755399441055744 - 6755399441055744;
  const hi = y - n * 6.93147180369123816490e-1;
  const lo = n * 1.90821492927058770002e-10;
  const r = hi - lo;
  const s = r * r;
  const c = r - s * (1.66666666666666019037e-1 + s * (-2.77777777770155933842e-3 +
    s * (6.61375632143793436117e-5 + s * (-1.65339022054652515390e-6 +
    s * 4.13813679705723846039e-8))));
  const v = 1 - ((lo - (r * c) / (2 - c)) - hi);
  const k = n | 0;
  asWords[1 - HIGH] = 0;
  asWords[HIGH] = (1023 + (k >> 1)) << 20;
  const first = v * asDouble[0];
  asWords[HIGH] = (1023 + k - (k >> 1)) << 20;
  return first * asDouble[0];
}

/** 1 / (1 + e^-x) */
function sigmoid(x) {
  return 1 / (1 + exp(-x));
}

function logOfReduced(f, k, correction) {
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const a = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 +
    w * 1.531383769920937332e-1));
  const b = z * (6.666666666666735130e-1 + w * (2.857142874366239149e-1 +
    w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const q = 0.5 * f * f;
  return s * (q + (b + a)) + (k * 1.90821492927058770002e-10 + correction) - q + f +
    k * 6.93147180369123816490e-1;
}

/** ln(1 + x), after FreeBSD's s_log1p.c */
function log1p(x) {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  if (x === Infinity) return x;
  if (x > -1.1102230246251565e-16 && x < 1.1102230246251565e-16) return x;
  if (x > -0.29289 && x < 0.41421) return logOfReduced(x, 0, 0);
  const u = 1 + x;
  asDouble[0] = u;
  const h = asWords[HIGH] + 0x3ff00000 - 0x3fe6a09e;
  const k = (h >> 20) - 1023;
  const lost = k >= 2 ? 1 - (u - x) : x - (u - 1);
  asWords[HIGH] = (h & 0xfffff) + 0x3fe6a09e;
  return logOfReduced(asDouble[0] - 1, k, k < 54 ? lost / u : 0);
}

/** ln(1 + e^x) */
function softplus(x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
`
