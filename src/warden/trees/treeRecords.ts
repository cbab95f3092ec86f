import type { ProcessStat } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { Records, TreeRecord } from '../../records/records.ts';
import type { Journal } from '../journal.ts';
import type { Strays } from './strays.ts';
import type { TreeView } from './treeView.ts';

export interface TreeRecordsParts {
  readonly records: Records;
  readonly bootId: string;
  readonly journal: Journal;
  /** Shows a message to the user. */
  alert(message: string): void;
}

/** So that a record stays below what a reader takes, in characters. */
const maxNameLength = 1024;
const maxCommandLength = 64 * 1024;

/** Keeps each living tree's record in step with who lives, and writes only what has changed. */
export class TreeRecords {
  readonly #parts: TreeRecordsParts;
  readonly #written = new Map<TreeId, string>();
  readonly #failing = new Set<TreeId>();

  constructor(parts: TreeRecordsParts) {
    this.#parts = parts;
  }

  write(tree: TreeView, leader: ProcessStat | undefined, members: readonly ProcessStat[]): void {
    this.#write(members, {
      tree: tree.id,
      name: tree.request.name.slice(0, maxNameLength),
      leader: leader ? { pid: leader.pid, startTime: leader.startTime } : null,
      group: leader?.group ?? null,
      session: leader?.session ?? null,
      startedAt: tree.startedAt,
      containment: tree.container.containment,
      container: tree.container.path,
      detached: tree.lifetime === 'detached' ? describeDetached(tree) : null,
    });
  }

  #write(members: readonly ProcessStat[], record: Omit<TreeRecord, 'format' | 'bootId' | 'members'>): void {
    const identities = members.filter((member) => member.alive).map(({ pid, startTime }) => ({ pid, startTime }));
    const fingerprint = JSON.stringify([record.leader?.pid, identities]);
    if (this.#written.get(record.tree) === fingerprint) return;
    try {
      this.#parts.records.writeTree({ ...record, bootId: this.#parts.bootId, members: identities });
      this.#written.set(record.tree, fingerprint);
      this.#failing.delete(record.tree);
    } catch (error) {
      // Tried again at the next look; said once.
      if (this.#failing.has(record.tree)) return;
      this.#failing.add(record.tree);
      this.#parts.journal.write({ event: 'record-failed', tree: record.tree, spec: record.name, reason: errorText(error) });
      this.#parts.alert(
        `The record of '${record.name}' could not be written: ${errorText(error)}. It is guarded while this window lives, but could not be found again after a crash of everything.`,
      );
    }
  }

  /** So that a reaper also finds a process that has shed every mark and is known only by having been seen. */
  writeStrays({ id, name, startedAt }: Strays, processes: readonly ProcessStat[]): void {
    if (processes.length === 0) {
      if (this.#written.has(id)) this.remove(id);
      return;
    }
    const record = { leader: null, group: null, session: null, containment: 'group', container: null, detached: null } as const;
    this.#write(processes, { ...record, tree: id, name, startedAt });
  }

  remove(tree: TreeId): void {
    this.#written.delete(tree);
    this.#failing.delete(tree);
    this.#parts.records.removeTree(tree);
  }
}

function describeDetached({ request, commandLine, output }: TreeView): TreeRecord['detached'] {
  const { group, cwd, stop } = request;
  return {
    ...(group !== undefined && { group }),
    commandLine: commandLine.slice(0, maxCommandLength),
    cwd,
    log: output.logPath ?? '',
    stop: [...stop],
  };
}
