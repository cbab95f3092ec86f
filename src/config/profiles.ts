/** Profiles: names of sets of processes that count only when they are chosen. */
import type { ProcessSpec } from './processSchema.ts';

type Profiled = Pick<ProcessSpec, 'profiles'>;

/** Whether a process is started along with all others. One without profiles always is; any one can be started by its name. */
export function isInProfiles({ profiles = [] }: Profiled, active: ReadonlySet<string>): boolean {
  return profiles.length === 0 || profiles.some((profile) => active.has(profile));
}

/** All that the processes name, each once, in alphabetical order. */
export function profilesOf(specs: Iterable<Profiled>): string[] {
  return [...new Set(Array.from(specs, ({ profiles = [] }) => profiles).flat())].sort((a, b) => a.localeCompare(b));
}
