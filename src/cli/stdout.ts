let draining: Promise<void> | undefined;

/** Resolves when stdout takes more. */
export async function writeOut(chunk: Buffer | string): Promise<void> {
  if (process.stdout.write(chunk)) return;
  // One for all who wait.
  draining ??= new Promise<void>((resolve) => process.stdout.once('drain', resolve)).finally(() => {
    draining = undefined;
  });
  await draining;
}

/** A promise and its resolver (Node 20 has no Promise.withResolvers). */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
