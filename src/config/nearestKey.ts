import { closestMatch } from 'leven';

/** What other tools call what is a key here; by letters, some of them are nearer to another key. */
const namesElsewhere: Readonly<Record<string, string>> = {
  cmd: 'command',
  exec: 'command',
  script: 'command',
  dir: 'cwd',
  directory: 'cwd',
  workingDirectory: 'cwd',
  environment: 'env',
  environmentFile: 'envFile',
  replicas: 'instances',
  scale: 'instances',
  healthcheck: 'alive',
};

/** Longest key that is compared, in characters: a key of the file may have any length. */
const maxLength = 64;

/** The key that was probably meant by an unknown one; undefined where none is like it. */
export function nearestKey(written: string, known: readonly string[]): string | undefined {
  if (written.length > maxLength) return undefined;
  const elsewhere = Object.hasOwn(namesElsewhere, written) ? namesElsewhere[written] : undefined;
  if (elsewhere !== undefined && known.includes(elsewhere)) return elsewhere;
  const folded = new Map(known.map((key) => [key.toLowerCase(), key]));
  // At least half of the letters are right.
  const nearest = closestMatch(written.toLowerCase(), [...folded.keys()], { maxDistance: Math.floor(written.length / 2) });
  return nearest === undefined ? undefined : folded.get(nearest);
}
