import { stdoutProblem } from './ending.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/**
 * Never resolves; rejects when stdout takes nothing any more. A reader that has gone (tree-warden logs | head) is no failure of ours,
 * unless `readerGone` says what ends with it.
 */
export function stdoutFailure(readerGone = ''): Promise<never> {
  const failure = new Promise<never>((_, reject) => {
    process.stdout.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(new CliError(stdoutProblem(error)));
      else reject(new CliError(readerGone, readerGone === '' ? exitCodes.ok : exitCodes.readerGone));
    });
  });
  // When the work is done first, the failure has no consequence.
  failure.catch(() => undefined);
  return failure;
}

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
