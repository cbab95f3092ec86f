/** What `up` says when its files declare something else. */
import { basename } from 'node:path';

export interface FollowedChanges {
  /** Of the processes.json. */
  readonly path: string;
  /** Names that were not declared before. */
  readonly added: readonly string[];
  /** Names of what runs with an older declaration. */
  readonly outdated: readonly string[];
  /** Names of what else has changed: that counts at once, or at the next start. */
  readonly changed: readonly string[];
  /** Names of what is not declared any more, and runs. */
  readonly goesOn: readonly string[];
  /** Names of what is not declared any more, and does not run. */
  readonly gone: readonly string[];
  /** Whether what has changed is restarted, and what is not declared any more is stopped. */
  readonly applies: boolean;
}

/** A sentence, and a line for each kind of change. */
export function changeLines({ path, added, outdated, changed, goesOn, gone, applies }: FollowedChanges): [string, ...string[]] {
  const line = (what: string, names: readonly string[], then = ''): string[] =>
    names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}${then}`];
  const verb = (command: string, names: readonly string[]): string => `tree-warden ${command} ${names.join(' ')}`;
  return [
    `${basename(path)}, or a file that belongs to it, has changed.`,
    ...line('new', added),
    ...line('changed', changed),
    ...line('changed', outdated, applies ? '; restarted' : `; ${verb('restart', outdated)} applies it`),
    ...line('no longer declared', gone),
    ...line('no longer declared', goesOn, applies ? '; stopped' : `; what runs goes on, and ${verb('kill', goesOn)} ends it`),
  ];
}
