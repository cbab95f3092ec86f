import type { Platform, ProcessStat, Usage } from '../../platform/platform.ts';
import { pause } from '../../protocol/timers.ts';
import type { Observers } from '../observers.ts';
import { KeptHistory } from '../output/keptHistory.ts';
import type { Census } from './membership.ts';
import type { Strays } from './strays.ts';
import type { Tree } from './tree.ts';

export interface SamplerParts {
  readonly platform: Platform;
  readonly logFolder: string;
  /** Whether the usage history is written to files beside the logs. */
  readonly keepHistory: boolean;
  /** Failures to read figures are reported there. */
  readonly observers: Observers;
  alert(message: string): void;
}

/** Maximum time to wait for figures, in milliseconds. */
const usageTimeoutMillis = 5000;

/** Reads the resource usage of every member, for all trees in one pass. */
export class Sampler {
  readonly #platform: Platform;
  readonly #kept: KeptHistory | undefined;
  readonly #observers: Observers;
  #underWay: Promise<void> | undefined;
  #asking: Promise<ReadonlyMap<number, Usage>> | undefined;

  constructor({ platform, logFolder, keepHistory, observers, alert }: SamplerParts) {
    this.#platform = platform;
    this.#observers = observers;
    this.#kept = keepHistory ? new KeptHistory(logFolder, alert) : undefined;
  }

  /**
   * `census` reads the membership. Calls that come while a sample is under way share it. It rejects only where the census fails: other
   * failures are reported to {@link Observers}.
   */
  sample(census: () => Promise<Census>, trees: () => Iterable<Tree>, strays: Strays): Promise<void> {
    this.#underWay ??= this.#take(census, trees, strays).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Resolves when the kept history is written. */
  async close(): Promise<void> {
    await this.#kept?.close();
  }

  async #take(look: () => Promise<Census>, trees: () => Iterable<Tree>, strays: Strays): Promise<void> {
    const census = await look();
    const allProcesses = [...census.members.values(), census.strays].flat();
    const readings = {
      usage: await this.#observers.run('Reading what processes use', () => this.#usageOf(allProcesses), new Map()),
      ports: await this.#observers.run('Looking for listening ports', () => this.#platform.listening(allProcesses), new Map()),
    };
    const now = Date.now();
    this.#observers.runNow('Adding up what trees use', () => strays.measure(census.strays, readings), undefined);
    for (const tree of trees()) {
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

  /** Of a look that hangs, there is one at a time. */
  async #usageOf(allProcesses: readonly ProcessStat[]): Promise<ReadonlyMap<number, Usage>> {
    this.#asking ??= this.#platform.usage(allProcesses).finally(() => {
      this.#asking = undefined;
    });
    const tooLong = new AbortController();
    const late = pause(usageTimeoutMillis, tooLong.signal).then((): never => {
      throw new Error(`there was no answer in ${usageTimeoutMillis / 1000} s`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#asking, late]);
    } finally {
      tooLong.abort();
    }
  }
}
