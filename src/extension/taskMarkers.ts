import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isReady, labelOf } from '../protocol/trees.ts';

/** What a task's terminal says of its process: the problem matcher `$tree-warden` in package.json waits for these lines, so they are in English. */
export type TaskStep = 'starting' | 'ready' | 'failed';

/** The step that a tree has reached; undefined where it has ended without a failure, or is being ended. */
export function stepOf(tree: Pick<TreeSnapshot, 'state' | 'health' | 'endedAt'>): TaskStep | undefined {
  if (isReady(tree)) return 'ready';
  return tree.state === 'starting' || tree.state === 'failed' ? tree.state : undefined;
}

/**
 * The lines that say so. A failure is two: the editor takes no problem from the line that ends the wait.
 * @param place Where the process is declared, as `FILE:LINE`: there the editor shows the problem.
 */
export function markersOf(step: TaskStep, name: string, place: string, reason = ''): string[] {
  switch (step) {
    case 'starting':
      return [`Tree Warden: ${name} is starting.`];
    case 'ready':
      return [`Tree Warden: ${name} is ready.`];
    case 'failed':
      return [`Tree Warden: ${place}: ${name} has failed: ${reason}`, `Tree Warden: ${name} is not ready.`];
  }
}

/** Receives the steps of a task run. */
export interface TaskListener {
  /** A line for its terminal. */
  say(line: string): void;
  reached(step: TaskStep, reason: string): void;
}

/** The lines of one task run, each once: of a tree, and of the one that takes its place. */
export class TaskMarkers {
  readonly #place: string;
  readonly #listener: TaskListener;
  #name: string;
  #last: TaskStep | undefined;
  #tree: string | undefined;

  constructor(name: string, place: string, listener: TaskListener) {
    this.#name = name;
    this.#place = place;
    this.#listener = listener;
    this.#tell('starting');
  }

  /** It could not be started. */
  failed(reason: string): void {
    this.#tell('failed', reason);
  }

  /** To be called at every change of the task's tree. */
  follow(tree: Pick<TreeSnapshot, 'id' | 'name' | 'pool' | 'state' | 'health' | 'endedAt' | 'reason'>): void {
    if (this.#tree !== undefined && this.#tree !== tree.id) this.#tell('starting');
    this.#tree = tree.id;
    this.#name = labelOf(tree);
    const step = stepOf(tree);
    if (step !== undefined) this.#tell(step, tree.reason);
  }

  #tell(step: TaskStep, reason = ''): void {
    if (step === this.#last) return;
    this.#last = step;
    for (const line of markersOf(step, this.#name, this.#place, reason)) this.#listener.say(line);
    this.#listener.reached(step, reason);
  }
}
