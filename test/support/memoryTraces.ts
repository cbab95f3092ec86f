/** Courses of memory, in bytes at each second, as processes have them. Seeded, so that what is found can be had again. */
export type Course = (second: number) => number;

const megabyte = 2 ** 20;

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** By what they are; each makes another course for another seed. To be asked for ascending seconds. */
export const courses = {
  'a flat line': (random) => {
    const base = megabytes(random, 50, 2000);
    return () => base;
  },
  noise: (random) => {
    const base = megabytes(random, 50, 2000);
    const part = 0.01 + 0.2 * random();
    return () => base * (1 + part * normal(random));
  },
  'a saw-tooth of a garbage collector': (random) => {
    const [base, period, part] = [megabytes(random, 50, 1000), between(random, 5, 1200), 0.1 + 0.9 * random()];
    return (second) => base * (1 + part * ((second % period) / period) + 0.01 * normal(random));
  },
  'a saw-tooth with uneven teeth': (random) => {
    const base = megabytes(random, 50, 1000);
    let [from, until, height] = [0, 0, 0];
    return (second) => {
      if (second >= until) [from, until, height] = [second, second + between(random, 10, 900), 0.2 + 0.8 * random()];
      return base * (1 + (height * (second - from)) / (until - from));
    };
  },
  steps: (random) => {
    let level = megabytes(random, 50, 500);
    const every = between(random, 300, 3600);
    return () => {
      if (random() < 5 / every) level = Math.min(level * (1.05 + 0.45 * random()), 5000 * megabyte);
      return level * (1 + 0.01 * normal(random));
    };
  },
  'a random walk': (random) => {
    let level = megabytes(random, 50, 2000);
    const step = level * between(random, 1e-4, 1e-2);
    return () => {
      level = Math.max(10 * megabyte, level + step * normal(random));
      return level;
    };
  },
  'a cache that fills up': (random) => {
    const base = megabytes(random, 50, 500);
    const [part, constant] = [0.3 + 3 * random(), between(random, 60, 3600)];
    return (second) => base * (1 + part * (1 - Math.exp(-second / constant)) + 0.01 * normal(random));
  },
  'a leak': (random) => {
    const [base, doubled] = [megabytes(random, 50, 500), between(random, 1800, 6000)];
    return (second) => base * (1 + second / doubled + 0.01 * normal(random));
  },
  'a leak below a garbage collector': (random) => {
    const [base, doubled] = [megabytes(random, 50, 500), between(random, 1800, 6000)];
    const [period, part] = [between(random, 5, 60), 0.1 + 0.3 * random()];
    return (second) => base * (1 + second / doubled + part * ((second % period) / period) + 0.01 * normal(random));
  },
} as const satisfies Readonly<Record<string, (random: () => number) => Course>>;

function between(random: () => number, from: number, to: number): number {
  return Math.exp(Math.log(from) + random() * (Math.log(to) - Math.log(from)));
}

function megabytes(random: () => number, from: number, to: number): number {
  return between(random, from, to) * megabyte;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
