/**
 * The guardian process of a window, or of a command line. Its owner speaks to it over stdin and stdout and is known to be
 * gone when stdin ends; everybody else of this user speaks to it over its socket.
 *
 *   warden.js serve --workspace NAME --window KEY --lifetime managed|detached --log-folder DIR
 *       [--max-trees N] [--max-processes N] [--time-limit DURATION] [--metrics-port PORT] [--keep-history]
 *   warden.js reap FOLDER      kill what the dead warden of this folder left
 *   warden.js doctor           what this machine offers, as JSON
 *   warden.js holders PORT     who listens there, of this user's processes, as JSON
 *   warden.js end PID START    asks this very process to end, and kills it where it does not
 *   warden.js sweep            kill what every dead warden left; the result as JSON
 */
import { parseArgs } from 'node:util';
import type { Platform } from '../platform/platform.ts';
import { selectPlatform } from '../platform/select.ts';
import { errorText } from '../protocol/errors.ts';
import type { Diagnosis } from '../protocol/messages.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { readRecordFolder } from '../records/records.ts';
import { openRuntimeFolder } from '../records/runtimeFolder.ts';
import { isWardenAlive, livesOn, reap, startDetachedWarden, sweep } from './ending/reaper.ts';
import { endProcess, findPortHolders } from './portHolders.ts';
import { defaultWindowLimits } from './trees/limitKeeper.ts';
import { Warden } from './warden.ts';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      workspace: { type: 'string', default: '' },
      window: { type: 'string', default: '' },
      lifetime: { type: 'string', default: 'managed' },
      'log-folder': { type: 'string' },
      'max-trees': { type: 'string', default: String(defaultWindowLimits.maxTrees) },
      'max-processes': { type: 'string', default: String(defaultWindowLimits.maxProcesses) },
      'time-limit': { type: 'string', default: '0s' },
      'metrics-port': { type: 'string', default: '0' },
      'keep-history': { type: 'boolean', default: false },
    },
  });
  const [command, folder, start] = positionals;
  const platform = await selectPlatform();
  if (command === 'serve') {
    const logFolder = values['log-folder'];
    if (logFolder === undefined) throw new Error('serve needs --log-folder');
    const windowLimits = {
      maxTrees: countFrom('--max-trees', values['max-trees'], 1),
      maxProcesses: countFrom('--max-processes', values['max-processes'], 0),
      timeMillis: parseDuration(values['time-limit']),
    };
    const { workspace, window, lifetime } = values;
    if (lifetime !== 'managed' && lifetime !== 'detached') throw new Error(`--lifetime is managed or detached, not '${lifetime}'`);
    const metricsPort = countFrom('--metrics-port', values['metrics-port'], 0);
    const keepHistory = values['keep-history'];
    const runtimeFolder = openRuntimeFolder();
    await Warden.serve({ platform, workspace, window, lifetime, logFolder, windowLimits, metricsPort, keepHistory, runtimeFolder });
  } else if (command === 'reap' && folder !== undefined) {
    const records = readRecordFolder(folder);
    if (isWardenAlive(platform, records)) throw new Error(`the warden of ${folder} is alive`);
    if (livesOn(platform, records)) startDetachedWarden(records);
    else await reap(platform, records);
  } else if (command === 'sweep') {
    const { swept, unreadable, detached } = await sweep(platform, openRuntimeFolder());
    detached.forEach(startDetachedWarden);
    const reattached = detached.flatMap(({ trees }) => trees.map(({ name }) => name));
    process.stdout.write(`${JSON.stringify({ swept, unreadable, reattached })}\n`);
  } else if (command === 'doctor') {
    process.stdout.write(`${JSON.stringify(diagnose(platform))}\n`);
  } else if (command === 'holders') {
    process.stdout.write(`${JSON.stringify(findPortHolders(platform, Number(folder)))}\n`);
  } else if (command === 'end') {
    await endProcess(platform, { pid: Number(folder), startTime: Number(start) });
  } else {
    throw new Error(`'${positionals.join(' ')}' is not a command of the warden`);
  }
}

function diagnose(platform: Platform): Diagnosis {
  const containers = platform.containersFor(`doctor-${process.pid}`);
  try {
    return { platform: platform.name, offers: containers.offers(), shortcomings: platform.shortcomings };
  } finally {
    platform.removeHomes(containers.homes);
  }
}

function countFrom(option: string, text: string, least: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < least) throw new Error(`${option} wants a whole number from ${least} up, not '${text}'`);
  return count;
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});
