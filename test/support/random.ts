/** Numbers from 0 up to 1 that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed % 2 ** 31;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** The seed that the environment names under this variable; else another one each time. */
export function seedFor(variable: string): number {
  return Number(process.env[variable] ?? Date.now() % 1_000_000);
}
