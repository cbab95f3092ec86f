import { performance } from 'node:perf_hooks';
import type { Platform, ProcessStat, Usage } from '../../platform/platform.ts';
import type { Text } from '../../protocol/texts.ts';
import { pause } from '../../protocol/timers.ts';
import type { Observers } from '../observers.ts';
import { KeptHistory } from '../output/keptHistory.ts';
import type { Census } from './membership.ts';
import type { Strays } from './strays.ts';
import type { ObservedTree } from './treeView.ts';

export interface SamplerParts {
  readonly platform: Platform;
  readonly logFolder: string;
  /** Whether the usage history is written to files beside the logs. */
  readonly keepHistory: boolean;
  /** Failures to read figures are reported there. */
  readonly observers: Observers;
  alert(message: Text): void;
}

/** Maximum time to wait for figures, in milliseconds. */
const usageTimeoutMillis = 5000;

/** Reads the resource usage of every member, for all trees in one pass. */
export class Sampler {
  readonly #platform: Platform;
  readonly #kept: KeptHistory | undefined;
  readonly #observers: Observers;
  /** The platform has not answered yet. */
  #isAsking = false;

  constructor({ platform, logFolder, keepHistory, observers, alert }: SamplerParts) {
    this.#platform = platform;
    this.#observers = observers;
    this.#kept = keepHistory ? new KeptHistory(logFolder, alert) : undefined;
  }

  /** `takeCensus` reads the membership. One sample at a time; rejects only where the census fails: other failures are reported to {@link Observers}. */
  async sample(takeCensus: () => Promise<Census>, trees: () => Iterable<ObservedTree>, strays: Strays): Promise<void> {
    const census = await takeCensus();
    // One that is spawned from here on is not in the census, and has no figures yet.
    const present = [...trees()];
    const allProcesses = [...census.members.values(), census.strays].flat();
    const begunAt = performance.now();
    const usage = await this.#observers.run('Reading what processes use', () => this.#usageOf(allProcesses), new Map());
    // It was read bit by bit.
    const at = (begunAt + performance.now()) / 2;
    const ports = await this.#observers.run('Looking for listening ports', () => this.#platform.listening(allProcesses), new Map());
    const readings = { at, usage, ports };
    const now = Date.now();
    this.#observers.runNow('Adding up what trees use', () => strays.measure(census.strays, readings), undefined);
    for (const tree of present) {
      this.#observers.runNow(
        `Adding up what '${tree.request.name}' uses`,
        () => {
          const mean = tree.measure(now, census.members.get(tree.id) ?? [], readings);
          if (mean) this.#kept?.write(tree.id, tree.request.name, mean);
        },
        undefined,
      );
    }
  }

  /** Resolves when the kept history is written. */
  async close(): Promise<void> {
    await this.#kept?.close();
  }

  /** Where the platform does not answer, only the first sample waits for it, and it is not asked again until it has. */
  async #usageOf(allProcesses: readonly ProcessStat[]): Promise<ReadonlyMap<number, Usage>> {
    const fail = (): never => {
      throw new Error(`there was no answer in ${usageTimeoutMillis / 1000} s`);
    };
    if (this.#isAsking) return fail();
    this.#isAsking = true;
    const asking = Promise.resolve()
      .then(() => this.#platform.usage(allProcesses))
      .finally(() => {
        this.#isAsking = false;
      });
    const tooLong = new AbortController();
    const late = pause(usageTimeoutMillis, tooLong.signal).then(fail);
    late.catch(() => undefined);
    try {
      return await Promise.race([asking, late]);
    } finally {
      tooLong.abort();
    }
  }
}
