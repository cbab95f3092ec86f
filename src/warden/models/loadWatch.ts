import type { ServerProgress } from '../../protocol/gateway.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { ServedModel } from '../../protocol/models.ts';
import type { Supervisor } from '../supervisor.ts';
import type { LoadLooks } from './loadLooks.ts';
import { LoadPace } from './loadPace.ts';
import { LoadProgress } from './loadProgress.ts';

/** Between two looks at what a tree reads and writes, in milliseconds. */
const lookMillis = 1000;

/** Follows the load of a model: what its server prints of it, and what the kernel counts. */
export class LoadWatch {
  readonly #supervisor: Supervisor;
  readonly #looks: LoadLooks;
  readonly #tree: TreeId;
  readonly #onProgress: (progress: ServerProgress) => void;
  readonly #pace: LoadPace | undefined;
  readonly #stopReading: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #printedPercent: number | undefined;
  #last: ServerProgress = {};
  #isOver = false;

  constructor(supervisor: Supervisor, looks: LoadLooks, tree: TreeId, model: ServedModel, onProgress: (progress: ServerProgress) => void) {
    this.#supervisor = supervisor;
    this.#looks = looks;
    this.#tree = tree;
    this.#onProgress = onProgress;
    if (model.progress !== undefined) this.#stopReading = this.#read(model.progress);
    const { deadlineMillis } = model.start.ready ?? {};
    // What a process on another machine transfers is not counted here.
    if (deadlineMillis === undefined || model.start.runner !== undefined) return;
    this.#pace = new LoadPace(performance.now(), deadlineMillis, model.facts?.sizeBytes);
    this.#lookLater();
  }

  /** It is loaded, or has ended. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopReading?.();
  }

  #read(pattern: string): () => void {
    const printed = new LoadProgress(pattern, (percent) => {
      this.#printedPercent = percent;
      this.#tell();
    });
    const deliver = (chunk: Buffer, end: number): void => {
      printed.add(chunk);
      subscription?.acknowledge(end);
    };
    const subscription = this.#supervisor
      .peek(this.#tree)
      ?.output.subscribe({ whenBehind: 'skip', deliver, finish: () => undefined }, 0, true);
    return () => {
      subscription?.cancel();
      printed.dispose();
    };
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => void this.#look(), lookMillis).unref();
  }

  async #look(): Promise<void> {
    await this.#looks.take();
    const tree = this.#supervisor.peek(this.#tree);
    if (this.#isOver || !tree || !this.#pace) return;
    this.#pace.add({ at: performance.now(), ...tree.metrics.used });
    tree.probes.excuse(this.#pace.excusedMillis);
    this.#tell();
    this.#lookLater();
  }

  /** What its server prints is nearer to the truth than what was read from storage. */
  #tell(): void {
    const percent = this.#printedPercent ?? this.#pace?.percent;
    const downloadedBytes = this.#pace?.downloadedBytes;
    if (percent === this.#last.percent && downloadedBytes === this.#last.downloadedBytes) return;
    this.#last = { ...(percent !== undefined && { percent }), ...(downloadedBytes !== undefined && { downloadedBytes }) };
    this.#onProgress(this.#last);
  }
}
