/** Every way out of the command line has a status and, where that is not 0, a reason on stderr. */
import { errorText } from '../protocol/errors.ts';
import { exitCodes } from './exitCodes.ts';
import { complain } from './say.ts';

/** Ends this process with the status of its work, once all that was printed is written. */
export function endWith(work: Promise<number>): void {
  const isDone = { value: false };
  const fail = (sentence: string, ...lines: readonly string[]): never => {
    isDone.value = true;
    complain(sentence, ...lines);
    process.exit(exitCodes.wardenFailed);
  };
  // A promise that nothing will settle any more leaves the event loop empty, and Node would call that a success.
  process.on('beforeExit', () => {
    if (!isDone.value)
      fail('It has ended before its work was done: nothing is left that it could wait for. This is a defect of Tree Warden.');
  });
  process.on('uncaughtException', (error) =>
    fail('It has failed:', ...(error instanceof Error ? (error.stack ?? error.message) : errorText(error)).split('\n')),
  );
  // What cannot be said must not become a failure of its own.
  process.stderr.on('error', () => undefined);
  let lost: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    lost ??= error;
  });
  void work.then(async (code) => {
    await Promise.all([process.stdout, process.stderr].map(flush));
    isDone.value = true;
    // The last of it is written after the work is done. A reader that has gone has had enough.
    if (lost === undefined || lost.code === 'EPIPE' || code !== exitCodes.ok) process.exit(code);
    complain(stdoutProblem(lost));
    process.exit(exitCodes.failed);
  });
}

/** As a sentence. */
export function stdoutProblem(error: Error): string {
  return `Cannot write to stdout: ${errorText(error)}.`;
}

/** What a pipe has not taken yet would be lost with the process; its reader may be slow. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => setImmediate(resolve)));
}
