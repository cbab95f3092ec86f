import { setTimeout as sleep } from 'node:timers/promises';
import { displayCommandLine } from '../../command/commandLine.ts';
import type { RunKey } from '../../protocol/runKey.ts';
import { lineOfRun, type Run } from '../../protocol/runs.ts';
import { withData } from '../../protocol/texts.ts';
import { appendRun, pruneRuns } from '../../records/runFiles.ts';
import type { Observers } from '../observers.ts';
import type { TreeEmitter } from '../trees/treeEvents.ts';
import type { TreeView } from '../trees/treeView.ts';

/** Number of last lines of output that are kept of a run. */
const keptLines = 10;
/** Maximum time that output which is still on its way is waited for, in milliseconds: another process may hold a pipe open. */
const outputMillis = 1000;
/** Maximum number of lines that wait for the disk; further ones are lost. */
const maxPending = 1000;
/** Number of characters that are kept of the arguments of a job. */
const maxArgs = 300;
/** What fails, in the journal and the self-check. */
const subject = 'Keeping the runs of processes';

/**
 * Keeps when each declared process has begun and how it has ended. It only writes, one line after the other and never at once, and reads nothing; a disk that
 * is full or hangs costs the lines, and is an observation.
 */
export class RunHistory {
  readonly #observers: Observers;
  readonly #folder: string;
  /** Ends that wait for their output. */
  readonly #ending = new Set<Promise<void>>();
  #writing: Promise<void> = Promise.resolve();
  #pending = 0;
  #isPruned = false;

  constructor(folder: string, observers: Observers) {
    this.#folder = folder;
    this.#observers = observers;
  }

  follow(events: TreeEmitter): void {
    events.on('spawned', (tree) => {
      const log = tree.output.log?.path;
      this.#write(tree, log === undefined ? {} : { log });
    });
    events.on('ended', (tree) => {
      // The end of the warden waits for what is kept, and for nothing else.
      if (tree.request.history === undefined) return;
      const end = endOf(tree);
      const ending: Promise<void> = Promise.race([tree.output.finished, sleep(outputMillis)]).then(() => {
        this.#ending.delete(ending);
        this.#write(tree, { ...end, lastLines: tree.output.lastLines(keptLines) });
      });
      this.#ending.add(ending);
    });
  }

  /** Resolves when all of it is on the disk, or has failed. */
  async close(): Promise<void> {
    await Promise.all(this.#ending);
    await this.#writing;
  }

  #write({ id, request, startedAt }: TreeView, end: Partial<Run>): void {
    const key = request.history;
    if (key === undefined) return;
    if (this.#pending === maxPending) {
      this.#observers.runNow(subject, tooMany, undefined);
      return;
    }
    const { trigger, jobArgs } = request;
    const line = lineOfRun({
      tree: id,
      name: request.name,
      startedAt,
      ...(trigger && { trigger }),
      ...(jobArgs !== undefined && { args: shownArgs(request.argv, jobArgs) }),
      ...end,
    });
    this.#pending++;
    this.#writing = this.#writing.then(() => this.#observers.run(subject, () => this.#append(key, line), undefined));
  }

  async #append(key: RunKey, line: string): Promise<void> {
    this.#pending--;
    await appendRun(key, line, this.#folder);
    if (this.#isPruned) return;
    this.#isPruned = true;
    await pruneRuns(this.#folder);
  }
}

function tooMany(): never {
  throw new Error(`${maxPending} lines wait for the disk already`);
}

/** When it has ended: its output comes later. */
function endOf({ endedAt, state, reason, exit, endWasWanted, startedAt, metrics }: TreeView): Partial<Run> {
  return {
    ...(endedAt !== undefined && { endedAt }),
    state,
    reason: String(reason),
    ...withData('reasonData', reason),
    ...(exit && { exit }),
    ...(endWasWanted && { stopped: true }),
    ...(endedAt !== undefined && metrics?.ofRun(startedAt, endedAt)),
  };
}

/** The last `count` of the words of a command; where what stands before them says that they are secret, all of it. */
function shownArgs(argv: readonly string[], count: number): string {
  if (count === 0) return '';
  const whole = displayCommandLine(argv);
  const own = displayCommandLine(argv.slice(-count));
  return (whole.endsWith(own) ? own : whole).slice(0, maxArgs);
}
