import assert from 'node:assert/strict';
import fc from 'fast-check';

/** Texts of a language's own pieces, some of them many times, with noise in between; up to some 60,000 characters. */
export function textOf(pieces: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...pieces) },
    { weight: 2, arbitrary: fc.string({ maxLength: 12 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  );
  const times = fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 2000 }) });
  const repeated = fc.tuple(part, times).map(([text, count]) => text.repeat(count));
  return fc.array(repeated, { maxLength: 60 }).map((parts) => parts.join('').slice(0, 60_000));
}

/** A valid text with some of its characters cut out, doubled, or replaced. */
export function mutationsOf(valid: string, pieces: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(valid.length),
    cut: fc.nat(8),
    put: fc.oneof(fc.constant(''), fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })),
  });
  return fc
    .array(change, { minLength: 1, maxLength: 6 })
    .map((changes) => changes.reduce((text, { at, cut, put }) => `${text.slice(0, at)}${put}${text.slice(at + cut)}`, valid));
}

/** How many times what seems slow is tried: a collection of garbage, or other work of the machine, is none of its own. */
const tries = 5;

/** By the processor's time of this process, in milliseconds, so that other work on the machine does not count. */
export function assertWithin(millis: number, what: string, work: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < tries && best > millis; trial++) best = Math.min(best, cpuMillisOf(work));
  assert.ok(best <= millis, `${what} took ${best} ms`);
}

export function cpuMillisOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
