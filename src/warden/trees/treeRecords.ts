import { isNamedSecret } from '../../command/secretNames.ts';
import type { ProcessStat } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { commandsOf, withoutCommands } from '../../protocol/stopSteps.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import type { Records, TreeRecord } from '../../records/records.ts';
import type { Journal } from '../journal.ts';
import type { Strays } from './strays.ts';
import type { TreeView } from './treeView.ts';

export interface TreeRecordsParts {
  readonly records: Records;
  readonly bootId: string;
  readonly journal: Journal;
  /** Shows a message to the user. */
  alert(message: Text): void;
}

/** So that a record stays below what a reader takes, in characters. */
const maxNameLength = 1024;
const maxCommandLength = 64 * 1024;
/** Of all variables of a tree's commands, as JSON, in bytes; further ones are left out. */
const maxEnvironmentLength = 64 * 1024;

/** What is worth putting together only for a record that is written. */
type Description = Pick<TreeRecord, 'detached' | 'commands'>;

/** Keeps each living tree's record in step with who lives, and writes only what has changed. */
export class TreeRecords {
  readonly #parts: TreeRecordsParts;
  readonly #written = new Map<TreeId, string>();
  readonly #failing = new Set<TreeId>();

  constructor(parts: TreeRecordsParts) {
    this.#parts = parts;
  }

  write(tree: TreeView, leader: ProcessStat | undefined, members: readonly ProcessStat[]): void {
    const record = {
      tree: tree.id,
      name: tree.request.name.slice(0, maxNameLength),
      leader: leader ? { pid: leader.pid, startTime: leader.startTime } : null,
      ...ownNumbers(leader),
      startedAt: tree.startedAt,
      ...(tree.external && { external: true }),
      containment: tree.container.containment,
      container: tree.container.path,
    };
    const isDetached = tree.lifetime === 'detached' && !tree.request.endsWithWarden;
    const describe = (): Description => ({ detached: isDetached ? describeDetached(tree) : null, ...describeCommands(tree) });
    this.#write(members, record, commandsOf(tree.stopLeft).length, describe);
  }

  /** `describe` is called where something has changed, by its leader, its members and the number of its commands that are left. */
  #write(
    members: readonly ProcessStat[],
    known: Omit<TreeRecord, 'format' | 'bootId' | 'members' | keyof Description>,
    commandsLeft: number,
    describe: () => Description,
  ): void {
    const identities = members.filter((member) => member.alive).map(({ pid, startTime }) => ({ pid, startTime }));
    const fingerprint = JSON.stringify([known.leader?.pid, identities, commandsLeft]);
    if (this.#written.get(known.tree) === fingerprint) return;
    const record = { ...known, ...describe() };
    try {
      this.#parts.records.writeTree({ ...record, bootId: this.#parts.bootId, members: identities });
      this.#written.set(record.tree, fingerprint);
      this.#failing.delete(record.tree);
    } catch (error) {
      // Tried again at the next look; said once.
      if (this.#failing.has(record.tree)) return;
      this.#failing.add(record.tree);
      this.#parts.journal.write({ event: 'record-failed', tree: record.tree, spec: record.name, reason: errorText(error) });
      this.#parts.alert(localizable('recordNotWritten', record.name, errorText(error)));
    }
  }

  /** So that a reaper also finds a process that has shed every mark and is known only by having been seen. */
  writeStrays({ id, name, startedAt }: Strays, processes: readonly ProcessStat[]): void {
    if (processes.length === 0) {
      if (this.#written.has(id)) this.remove(id);
      return;
    }
    const record = { leader: null, group: null, session: null, containment: 'group', container: null } as const;
    this.#write(processes, { ...record, tree: id, name, startedAt }, 0, () => ({ detached: null }));
  }

  remove(tree: TreeId): void {
    this.#written.delete(tree);
    this.#failing.delete(tree);
    this.#parts.records.removeTree(tree);
  }
}

/** A process that the warden has not started may be in a group and a session of others, which are no business of its tree. */
function ownNumbers(leader: ProcessStat | undefined): Pick<TreeRecord, 'group' | 'session'> {
  const own = (number = 0): number | null => (number === leader?.pid ? number : null);
  return { group: own(leader?.group), session: own(leader?.session) };
}

/** What has to be run at its end, with what is still to be run of it. */
function describeCommands({ request, output, stopLeft }: TreeView): Pick<TreeRecord, 'commands'> {
  if (commandsOf(stopLeft).length === 0) return {};
  const { cwd, env, secretEnv = [] } = request;
  const isSecret = (name: string, value: string | null): boolean =>
    secretEnv.includes(name) || (value !== null && isNamedSecret(`--${name}`, value));
  let room = maxEnvironmentLength;
  const plain = Object.entries(env).filter(([name, value]) => {
    if (isSecret(name, value)) return false;
    room -= Buffer.byteLength(JSON.stringify([name, value]));
    return room >= 0;
  });
  const stop = stopLeft.map((step) => ('run' in step ? { ...step, run: [...step.run] as [string, ...string[]] } : step));
  return { commands: { cwd, env: Object.fromEntries(plain), log: output.path ?? null, stop } };
}

function describeDetached({ request, commandLine, output }: TreeView): TreeRecord['detached'] {
  const { group, history, isolate, join, cwd, stop, log: rotation } = request;
  return {
    ...(group !== undefined && { group }),
    ...(history !== undefined && { history }),
    ...(isolate && { isolate: { ...isolate, write: [...isolate.write] } }),
    ...(join !== undefined && { join }),
    commandLine: commandLine.slice(0, maxCommandLength),
    cwd,
    log: output.logPath ?? '',
    ...(rotation !== undefined && { rotation }),
    stop: withoutCommands(stop),
  };
}
