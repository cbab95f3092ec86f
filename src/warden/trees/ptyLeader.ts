/** A leader on a terminal of node-pty's. */
import { closeSync, constants, openSync } from 'node:fs';
import type { IPty } from 'node-pty';
import { CannotStartError } from '../../command/executable.ts';
import type { Platform } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import { signalName } from '../../protocol/signalNames.ts';
import type { Dimensions } from '../../protocol/startRequest.ts';
import { localizable } from '../../protocol/texts.ts';
import { ifReadable } from '../ending/ifReadable.ts';
import type { Leader, LeaderEvents } from './leader.ts';

const defaultDimensions: Dimensions = { columns: 80, rows: 24 };

/**
 * Undefined where there is no native build of it, and the platform opens terminals by itself (Alpine).
 * @throws CannotStartError where there is neither.
 */
export async function loadPty({ opensTerminals }: Platform): Promise<typeof import('node-pty') | undefined> {
  try {
    return await import('node-pty');
  } catch (error) {
    if (opensTerminals) return undefined;
    throw new CannotStartError(localizable('terminalsMissing', errorText(error)));
  }
}

export function sizeOf({ columns, rows }: Dimensions = defaultDimensions): { cols: number; rows: number } {
  return { cols: Math.max(1, columns), rows: Math.max(1, rows) };
}

/** @throws CannotStartError where nothing was started. */
export function spawnOnPty(spawn: () => IPty, file: string, events: LeaderEvents, platform: Pick<Platform, 'stat'>): Leader {
  let pty: IPty;
  try {
    pty = spawn();
  } catch (error) {
    throw new CannotStartError(localizable('cannotStartInTerminal', file, errorText(error)));
  }
  events.onChild(pty.pid);
  let open = true;
  const letGo = holdOpen(pty, platform);
  // With `encoding: null` node-pty hands over bytes, whatever its types say.
  pty.onData((data: string | Buffer) => events.onOutput(typeof data === 'string' ? Buffer.from(data) : data));
  pty.onExit(({ exitCode, signal }) => {
    open = false;
    letGo();
    events.onExit(signal ? { code: null, signal: signalName(signal) } : { code: exitCode, signal: null });
    events.onOutputEnd();
  });
  return {
    get pid() {
      return pty.pid;
    },
    ...(pty.pid === 0 && { known: pidKnown(pty) }),
    pause: () => open && pty.pause(),
    resume: () => open && pty.resume(),
    get takesInput() {
      return open;
    },
    write: (data) => open && pty.write(data),
    endInput: () => undefined,
    resize: (dimensions) => {
      const { cols, rows } = sizeOf(dimensions);
      if (open) pty.resize(cols, rows);
    },
    close: () => undefined,
  };
}

/** How often it is looked whether a leader that node-pty waits for has ended, in milliseconds. */
const heldMillis = 50;
/** One in this many of these looks compares its start time, too: its number may be another process's, or a thread's, before the next look. */
const identityEvery = 20;

/** See {@link spawnOnTerminal}. This library tells of the leader's end only when the terminal is closed, so its pid has to be watched. */
function holdOpen(pty: IPty, platform: Pick<Platform, 'stat'>): () => void {
  const { ptsName } = pty as IPty & { readonly ptsName?: string };
  if (ptsName === undefined) return () => undefined;
  let slave: number | undefined;
  try {
    slave = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return () => undefined;
  }
  const letGo = (): void => {
    clearInterval(watch);
    if (slave !== undefined) closeSync(slave);
    slave = undefined;
  };
  const startTimeNow = (): number | undefined => ifReadable(() => platform.stat(pty.pid)?.startTime);
  const startTime = startTimeNow();
  let looks = 0;
  const isAnother = (): boolean => startTime !== undefined && ![startTime, undefined].includes(startTimeNow());
  const watch = setInterval(() => {
    try {
      process.kill(pty.pid, 0);
      if (++looks % identityEvery === 0 && isAnother()) letGo();
    } catch {
      letGo();
    }
  }, heldMillis);
  return letGo;
}

/** ConPTY starts the process when its pipes are ready. */
async function pidKnown(pty: IPty): Promise<void> {
  while (pty.pid === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
