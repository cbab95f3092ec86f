import { writeFile } from 'node:fs/promises';
import { pause } from '../protocol/timers.ts';
import type { Inspector } from './inspector.ts';
import { notWritten } from './notWritten.ts';
import { InspectorSession } from './session.ts';

/**
 * Samples for `millis` milliseconds, or until `signal` is aborted, which functions a process runs, and writes a new `.cpuprofile` file.
 * @throws Error where the file cannot be written, the process ends meanwhile, or it does not answer.
 */
export async function writeCpuProfile(inspector: Inspector, path: string, millis: number, signal?: AbortSignal): Promise<void> {
  using session = await InspectorSession.open(inspector);
  await session.ask('Profiler.enable');
  await session.ask('Profiler.start');
  await compileAnew(session);
  await Promise.race([pause(millis, signal), session.closed]);
  const { profile } = await session.ask<{ readonly profile?: unknown }>('Profiler.stop');
  if (profile === undefined) throw new Error('The inspector has answered without a profile.');
  await writeFile(path, JSON.stringify(profile), { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    throw notWritten(path, error);
  });
}

/**
 * V8 counts a function that it has inlined before the profile began under the one that calls it: the busiest one can be missing. The start of a precise
 * coverage throws away what was optimised (`Deoptimizer::DeoptimizeAll` in src/debug/debug-coverage.cc of V8), and what is optimised from then on is told
 * apart. Before the start of the profile, some of it would be optimised again too early: the function of the test was missing in two of six.
 */
async function compileAnew(session: InspectorSession): Promise<void> {
  await session.ask('Profiler.startPreciseCoverage', { callCount: false, detailed: false });
  await session.ask('Profiler.stopPreciseCoverage');
}
