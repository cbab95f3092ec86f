/**
 * The guardian process of a window, or of a command line. Its owner speaks to it over stdin and stdout and is known to be
 * gone when stdin ends; other clients of this user speak to it over its socket.
 *
 *   warden.js serve --workspace NAME --window KEY --lifetime managed|detached --log-folder DIR
 *       [--max-trees N] [--max-processes N] [--time-limit DURATION] [--metrics-port PORT] [--keep-history] [--lease DURATION] [--model-service]
 *   warden.js reap FOLDER [ROOT…]
 *                              kills what the dead warden of this folder left; where its records are gone, removes its cgroup roots
 *   warden.js doctor           prints what this machine offers, as JSON
 *   warden.js holders PORT     prints this user's processes that listen on that port, as JSON
 *   warden.js programs PID…   prints what these processes run, as JSON
 *   warden.js end PID START    asks exactly this process to end, and kills it if it does not
 *   warden.js sweep            kills what every dead warden left, and prints the result as JSON
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Platform } from '../platform/platform.ts';
import { selectPlatform } from '../platform/select.ts';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorText } from '../protocol/errors.ts';
import { readGuardianVariables } from '../protocol/guardianVariables.ts';
import type { Diagnosis } from '../protocol/inspection.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { readRecordFolder } from '../records/records.ts';
import { openRuntimeFolder } from '../records/runtimeFolder.ts';
import { claimService } from '../records/serviceClaim.ts';
import { configurationOf } from './configuration.ts';
import { removeCgroupRoots } from './ending/cleanup.ts';
import { isClaimed, isWardenAlive, livesOn, reap, startDetachedWarden, sweep } from './ending/reaper.ts';
import { reaperName } from './ending/switchScript.ts';
import { shortcomingsOf, whyNoTerminals } from './lentTerminals.ts';
import { endProcess, findPortHolders } from './portHolders.ts';
import { describePrograms } from './programs.ts';
import { Warden } from './warden.ts';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      workspace: { type: 'string', default: '' },
      window: { type: 'string', default: '' },
      lifetime: { type: 'string', default: 'managed' },
      'log-folder': { type: 'string' },
      'max-trees': { type: 'string' },
      'max-processes': { type: 'string' },
      'time-limit': { type: 'string' },
      'metrics-port': { type: 'string' },
      'keep-history': { type: 'boolean' },
      lease: { type: 'string' },
      'model-service': { type: 'boolean', default: false },
    },
  });
  const [command, folder, ...others] = positionals;
  const [start] = others;
  if (command === 'reap') nameProcess(reaperName);
  // The sign of life that `src/client/wardenCommands.ts` waits for; JSON may begin with it.
  if (command !== 'serve') process.stdout.write('\n');
  // Nothing but a warden is refused for what is wrong in its environment: what ends processes has to run.
  const variables = command === 'serve' ? readGuardianVariables(process.env) : {};
  const platform = await selectPlatform();
  if (command === 'serve') {
    const logFolder = values['log-folder'];
    if (logFolder === undefined) throw new Error('serve needs --log-folder');
    const timeLimit = values['time-limit'];
    const configuration = configurationOf(variables, {
      maxTrees: countFrom('--max-trees', values['max-trees'], 1),
      maxProcesses: countFrom('--max-processes', values['max-processes'], 0),
      timeLimit: timeLimit === undefined ? undefined : parseDuration(timeLimit),
      metricsPort: countFrom('--metrics-port', values['metrics-port'], 0),
      keepHistory: values['keep-history'],
    });
    const { workspace, window, lifetime } = values;
    if (lifetime !== 'managed' && lifetime !== 'detached') throw new Error(`--lifetime is managed or detached, not '${lifetime}'`);
    const runtimeFolder = openRuntimeFolder();
    const noTerminals = await whyNoTerminals(platform);
    const leaseMillis = values.lease === undefined ? 0 : parseDuration(values.lease);
    const isModelService = values['model-service'];
    // Another one serves already, or is a moment faster.
    if (isModelService && !claimModelService(platform, runtimeFolder)) process.exit(0);
    const settings = { workspace, window, lifetime, leaseMillis, isModelService, logFolder, runtimeFolder, ...configuration } as const;
    await Warden.serve({ platform, noTerminals, ...settings });
  } else if (command === 'reap' && folder !== undefined) {
    if (!existsSync(folder)) return void (await removeCgroupRoots(platform, others));
    const records = readRecordFolder(folder);
    if (isWardenAlive(platform, records)) throw new Error(`the warden of ${folder} is alive`);
    if (livesOn(platform, records)) startDetachedWarden(records);
    else await reap(platform, records);
    // The warden may have been killed while it ran the commands of another one that was killed before.
    const { detached } = await sweep(platform, dirname(folder), {}, isClaimed);
    detached.forEach(startDetachedWarden);
  } else if (command === 'sweep') {
    const { swept, unreadable, detached } = await sweep(platform, openRuntimeFolder());
    detached.forEach(startDetachedWarden);
    const reattached = detached.flatMap(({ trees }) => trees.map(({ name }) => name));
    // For people and scripts, who know an empty text for none.
    const inWords = swept.map((warden) => ({
      ...warden,
      trees: warden.trees.map(({ failed, ...tree }) => ({
        ...tree,
        ...(failed && { failed: failed.map((one) => ({ ...one, problem: String(one.problem) })) }),
        problem: String(tree.problem ?? ''),
      })),
    }));
    process.stdout.write(`${JSON.stringify({ swept: inWords, unreadable, reattached })}\n`);
  } else if (command === 'doctor') {
    process.stdout.write(`${JSON.stringify(await diagnose(platform))}\n`);
  } else if (command === 'holders') {
    process.stdout.write(`${JSON.stringify(await findPortHolders(platform, Number(folder)))}\n`);
  } else if (command === 'programs') {
    process.stdout.write(`${JSON.stringify(await describePrograms(platform, positionals.slice(1).map(Number)))}\n`);
  } else if (command === 'end') {
    await endProcess(platform, { pid: Number(folder), startTime: Number(start) });
  } else {
    throw new Error(`'${positionals.join(' ')}' is not a command of the warden`);
  }
}

function claimModelService(platform: Platform, folder: string): boolean {
  const self = platform.stat(process.pid);
  if (self === undefined) throw new Error('This process cannot find itself in the process table.');
  const { bootId } = platform;
  return claimService(folder, { pid: self.pid, startTime: self.startTime, bootId }, (other) => {
    const found = other.bootId === bootId ? platform.stat(other.pid) : undefined;
    return found?.alive === true && found.startTime === other.startTime;
  });
}

async function diagnose(platform: Platform): Promise<Diagnosis> {
  const containers = platform.containersFor(`doctor-${process.pid}`);
  try {
    const shortcomings = shortcomingsOf(platform, await whyNoTerminals(platform));
    return { platform: platform.name, offers: containers.offers(), isolation: platform.isolator.offer(), shortcomings };
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

function countFrom(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < least) throw new Error(`${option} wants a whole number from ${least} up, not '${text}'`);
  return count;
}

keepDebuggerClosed();
main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});
