/** Times, sizes and shares of the processor, as people write them. */

const millisPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** The longest duration that makes sense here, a year; in hours. */
const longestHours = 8760;

/**
 * `"250ms"`, `"5s"`, `"1.5m"`, `"1h"`, in milliseconds; a year at most.
 * @throws RangeError that names what was expected.
 */
export function parseDuration(text: string): number {
  const [, amount, unit] = text.trim().match(/^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/) ?? [];
  if (amount === undefined) throw new RangeError(`'${clip(text)}' is not a duration: write a number with ms, s, m or h, such as 5s`);
  const millis = Math.round(Number(amount) * millisPerUnit[unit as keyof typeof millisPerUnit]);
  if (millis > longestHours * millisPerUnit.h)
    throw new RangeError(`'${clip(text)}' is too long: at most ${longestHours}h, a year, makes sense`);
  return millis;
}

/** As memory is sold: a `k` is 1024. */
const bytesPerUnit = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/**
 * `"512 MB"`, `"1.5g"`, `"2GiB"`, in bytes; always in powers of 1024.
 * @throws RangeError that names what was expected.
 */
export function parseBytes(text: string): number {
  const [, amount, unit = ''] = text.trim().match(/^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i) ?? [];
  if (amount === undefined) throw new RangeError(`'${clip(text)}' is not a size: write a number with k, m, g or t, such as 512m`);
  const bytes = Math.round(Number(amount) * bytesPerUnit[unit.toLowerCase() as keyof typeof bytesPerUnit]);
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`'${clip(text)}' is more than any machine has`);
  return bytes;
}

/**
 * `"150%"` or `"1.5"`, in cores.
 * @throws RangeError that names what was expected.
 */
export function parseCores(text: string): number {
  const [, amount, percent] = text.trim().match(/^(\d+(?:\.\d+)?)\s*(%?)$/) ?? [];
  const cores = percent ? Number(amount) / 100 : Number(amount);
  if (amount === undefined || cores <= 0)
    throw new RangeError(`'${clip(text)}' is not a share of the processor: write a number of cores, such as 1.5, or 150%`);
  if (cores > maxCores) throw new RangeError(`'${clip(text)}' is more than any machine has`);
  return cores;
}

/** Maximum number of cores; the Linux kernel's own limit is 8192. */
const maxCores = 8192;

/** What is quoted can be of any length. */
function clip(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}
