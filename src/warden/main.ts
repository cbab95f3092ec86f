/**
 * The guardian process of a window, or of a command line. Its owner speaks to it over stdin and stdout and is known to be
 * gone when stdin ends; other clients of this user speak to it over its socket.
 *
 *   warden.js serve --workspace NAME --window KEY --lifetime managed|detached --log-folder DIR
 *       [--max-trees N] [--max-processes N] [--time-limit DURATION] [--metrics-port PORT] [--keep-history]
 *   warden.js reap FOLDER [ROOT…]
 *                              kills what the dead warden of this folder left; where its records are gone, removes its cgroup roots
 *   warden.js doctor           prints what this machine offers, as JSON
 *   warden.js holders PORT     prints this user's processes that listen on that port, as JSON
 *   warden.js end PID START    asks exactly this process to end, and kills it if it does not
 *   warden.js sweep            kills what every dead warden left, and prints the result as JSON
 */
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Platform } from '../platform/platform.ts';
import { selectPlatform } from '../platform/select.ts';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorText } from '../protocol/errors.ts';
import type { Diagnosis } from '../protocol/inspection.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { readRecordFolder } from '../records/records.ts';
import { openRuntimeFolder } from '../records/runtimeFolder.ts';
import { removeCgroupRoots } from './ending/cleanup.ts';
import { isWardenAlive, livesOn, reap, startDetachedWarden, sweep } from './ending/reaper.ts';
import { reaperName } from './ending/switchScript.ts';
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
  const [command, folder, ...others] = positionals;
  const [start] = others;
  if (command === 'reap') nameProcess(reaperName);
  // The sign of life that `src/client/wardenCommands.ts` waits for; JSON may begin with it.
  if (command !== 'serve') process.stdout.write('\n');
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
    if (!existsSync(folder)) return void (await removeCgroupRoots(platform, others));
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
    process.stdout.write(`${JSON.stringify(await findPortHolders(platform, Number(folder)))}\n`);
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
    platform.removeCgroupRoots(containers.cgroupRoots);
  }
}

/** As the switch sees it; the title, by which other tools know a process, stays. Elsewhere than on Linux nothing reads it. */
function nameProcess(name: string): void {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // There is no /proc.
  }
}

function countFrom(option: string, text: string, least: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < least) throw new Error(`${option} wants a whole number from ${least} up, not '${text}'`);
  return count;
}

keepDebuggerClosed();
main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});
