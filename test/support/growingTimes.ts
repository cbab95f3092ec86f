/**
 * For what a process has to do before a time is over that ends it: on a busy machine it may not have come so far by then, and the attempt shows nothing. It is
 * made anew with more time.
 * @param attempt Resolves with `too early` where the process had not come so far; for all else that is wrong, it rejects.
 */
export async function withTimeEnough(attempt: (millis: number) => Promise<'too early' | undefined>): Promise<void> {
  for (const millis of [300, 3000, 30_000]) if ((await attempt(millis)) !== 'too early') return;
  throw new Error('the process had not come so far within half a minute');
}
