import type { Platform } from '../../platform/platform.ts';
import { KeptHistory } from '../output/keptHistory.ts';
import type { Census } from './membership.ts';
import type { Strays } from './strays.ts';
import type { Tree } from './tree.ts';

export interface SamplerParts {
  readonly platform: Platform;
  readonly logFolder: string;
  /** Whether what the trees have used is written beside the logs. */
  readonly keepHistory: boolean;
  alert(message: string): void;
}

/** Reads what every member uses, for all trees in one pass. */
export class Sampler {
  readonly #platform: Platform;
  readonly #kept: KeptHistory | undefined;
  #underWay: Promise<void> | undefined;

  constructor({ platform, logFolder, keepHistory, alert }: SamplerParts) {
    this.#platform = platform;
    this.#kept = keepHistory ? new KeptHistory(logFolder, alert) : undefined;
  }

  /** `census` looks who is there. Calls that come while a sample is under way share it. */
  sample(census: () => Census, trees: () => Iterable<Tree>, strays: Strays): Promise<void> {
    this.#underWay ??= this.#take(census(), trees, strays).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Resolves when what is kept is on its way to the disk. */
  async close(): Promise<void> {
    await this.#kept?.close();
  }

  async #take(census: Census, trees: () => Iterable<Tree>, strays: Strays): Promise<void> {
    const everyone = [...census.members.values(), census.strays].flat();
    const readings = { usage: await this.#platform.usage(everyone), ports: this.#platform.listening(everyone) };
    const now = Date.now();
    strays.measure(census.strays, readings);
    for (const tree of trees()) {
      const mean = tree.measure(now, census.members.get(tree.id) ?? [], readings);
      if (mean) this.#kept?.write(tree.id, tree.request.name, mean);
    }
  }
}
