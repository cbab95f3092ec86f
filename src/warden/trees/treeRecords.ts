import type { ProcessStat } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/messages.ts';
import type { Records, TreeRecord } from '../../records/records.ts';
import type { Journal } from '../journal.ts';
import type { Strays } from './strays.ts';
import type { Tree } from './tree.ts';

export interface TreeRecordsParts {
  readonly records: Records;
  readonly bootId: string;
  readonly journal: Journal;
  /** A person has to be told. */
  alert(message: string): void;
}

/** Keeps each living tree's record in step with who lives, and writes only what has changed. */
export class TreeRecords {
  readonly #parts: TreeRecordsParts;
  readonly #written = new Map<TreeId, string>();

  constructor(parts: TreeRecordsParts) {
    this.#parts = parts;
  }

  write(tree: Tree, leader: ProcessStat | undefined, members: readonly ProcessStat[]): void {
    this.#write(members, {
      tree: tree.id,
      name: tree.request.name,
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
    this.#written.set(record.tree, fingerprint);
    try {
      this.#parts.records.writeTree({ ...record, bootId: this.#parts.bootId, members: identities });
    } catch (error) {
      this.#parts.journal.write({ event: 'record-failed', tree: record.tree, spec: record.name, reason: errorText(error) });
      this.#parts.alert(
        `The record of '${record.name}' could not be written: ${errorText(error)}. It is guarded while this window lives, but could not be found again after a crash of everything.`,
      );
    }
  }

  /** So that whoever has shed every mark, and is known only by having been seen, is found by a reaper too. */
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
    this.#parts.records.removeTree(tree);
  }
}

function describeDetached({ request, commandLine, output }: Tree): TreeRecord['detached'] {
  const { group, cwd, stop } = request;
  return { ...(group !== undefined && { group }), commandLine, cwd, log: output.logPath ?? '', stop: [...stop] };
}
