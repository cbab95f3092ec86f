import { CliError, exitCodes, signalExitCode } from './exitCodes.ts';
import { onEndSignal } from './onEndSignal.ts';
import { WardensOfTop } from './top/topSource.ts';

/** Lists what runs, on the whole screen, until the user quits. Nothing is owned: what runs goes on. */
export async function top(): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new CliError(
      'top needs a terminal for its keys and its screen; tree-warden ps and tree-warden logs print instead.',
      exitCodes.usage,
    );
  if (process.env['TERM'] === 'dumb')
    throw new CliError('top needs a terminal that can place its cursor, and this one says that it cannot (TERM=dumb).', exitCodes.usage);
  // Loaded by this command alone.
  const { showTop } = await import('./top/app.ts');
  using source = new WardensOfTop();
  let received: NodeJS.Signals | undefined;
  const ended = new Promise<void>((resolve) => {
    onEndSignal((signal) => {
      received ??= signal;
      resolve();
    });
  });
  const begun = source.begin();
  // It may end later, or fail: a warden that hangs keeps it waiting.
  begun.catch(() => undefined);
  await Promise.race([begun, ended]);
  if (received !== undefined) return signalExitCode(received);
  const abort = new AbortController();
  const shown = showTop(source, {
    keyboard: process.stdin,
    output: process.stdout,
    colours: !process.env['NO_COLOR'],
    signal: abort.signal,
  });
  await Promise.race([shown, ended]);
  abort.abort();
  await shown;
  return received === undefined ? exitCodes.ok : signalExitCode(received);
}
