import type { ProcessSpec } from '../config/processSchema.ts';
import { isInProfiles, profilesOf } from '../config/profiles.ts';
import { normalName } from '../protocol/names.ts';
import { CliError, exitCodes } from './exitCodes.ts';

const variable = 'TREE_WARDEN_PROFILES';

/** @throws CliError for one that no process has. */
function askedProfiles(written: readonly string[], specs: ReadonlyMap<string, ProcessSpec>): readonly string[] {
  const known = profilesOf(specs.values());
  const asked = written.map(normalName);
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new CliError(
      `--profile: no process has the profile ${unknown.map((name) => `'${name}'`).join(', ')}; there ${known.length === 0 ? 'are none' : `are ${known.join(', ')}`}.`,
      exitCodes.usage,
    );
  return asked;
}

/** Commas separate them. It may be set for several projects, so one that this file does not have is no mistake. */
function profilesOfEnvironment(): string[] {
  const names = (process.env[variable] ?? '').split(',').map((name) => normalName(name.trim()));
  return names.filter((name) => name !== '');
}

/**
 * Which processes count beside the named ones: where there are any, those that have a profile of `--profile`; else also those without profiles, and those of
 * the environment's profiles. Throws a CliError, when it is used, for a profile of `--profile` that no process has.
 */
export function profileFilter(
  written: readonly string[],
): (specs: ReadonlyMap<string, ProcessSpec>, areNamed: boolean) => (spec: ProcessSpec) => boolean {
  return (specs, areNamed) => {
    const asked = askedProfiles(written, specs);
    if (areNamed) return ({ jobs, profiles = [] }) => jobs === undefined && profiles.some((profile) => asked.includes(profile));
    const active = new Set([...asked, ...profilesOfEnvironment()]);
    // A pool of jobs is not started itself.
    return (spec) => spec.jobs === undefined && isInProfiles(spec, active);
  };
}
