import { join } from 'node:path';
import type { Platform, ProcessIdentity } from '../platform/platform.ts';
import { isAnswer } from '../protocol/answers.ts';
import { errorText } from '../protocol/errors.ts';
import * as messages from '../protocol/metrics.ts';
import { RestartBudget } from '../protocol/restartBudget.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { HelperProcess } from './helperProcess.ts';
import { Metrics, type MetricsSources } from './metrics.ts';

export interface MetricsServerParts extends MetricsSources {
  readonly platform: Platform;
  /** Folder of the bundles. */
  readonly programFolder: string;
  /** Port of 127.0.0.1. */
  readonly port: number;
  onSpawned(process: ProcessIdentity): void;
  onCollected(process: ProcessIdentity): void;
  /** Shown to a person. */
  alert(message: Text): void;
}

/** Heap of the metrics process: what it sends is made by the warden, and what it reads is a head of some kilobytes. */
const nodeOptions = ['--max-old-space-size=128', '--max-semi-space-size=2'];

/**
 * The warden's side of the metrics page: measures, and has a process of its own read the requests. One that ends is replaced at the same port, at most as
 * often as its budget allows; after that a message says so.
 */
export class MetricsServer {
  readonly #parts: MetricsServerParts;
  readonly #metrics: Metrics;
  readonly #budget = new RestartBudget();
  #process: HelperProcess | undefined;
  #isClosing = false;

  constructor(parts: MetricsServerParts) {
    this.#parts = parts;
    this.#metrics = new Metrics(parts);
  }

  /** Resolves when it is served, or the user was told why it is not. */
  async start(): Promise<void> {
    const { platform, programFolder, port, onSpawned, onCollected } = this.#parts;
    const process = new HelperProcess({
      ...{ platform, onSpawned, onCollected, args: [...nodeOptions, join(programFolder, 'metrics.js')] },
      handle: (connection) => connection.onRequest(messages.metricsText, () => this.#metrics.text()),
    });
    this.#process = process;
    const problem = await this.#problemOf(process, port);
    if (problem === undefined) void process.ended.then((reason) => this.#ended(reason));
    else this.#failed(problem);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#process?.close();
  }

  /** Why the process does not listen, as a clause; it has ended then. */
  async #problemOf(process: HelperProcess, port: number): Promise<string | undefined> {
    try {
      await process.connection.sendRequest(messages.serveMetrics, { port });
      return undefined;
    } catch (error) {
      await process.close();
      // One that has ended by itself breaks the connection off, whose error says nothing of that.
      return isAnswer(error) ? errorText(error) : `the process ${await process.ended}`;
    }
  }

  #ended(reason: string): void {
    if (this.#isClosing) return;
    if (this.#budget.take()) this.start().catch((error: unknown) => this.#failed(errorText(error)));
    else this.#failed(`the process ${reason}, after it was restarted ${this.#budget.description}`);
  }

  #failed(reason: string): void {
    if (!this.#isClosing) this.#parts.alert(localizable('metricsNotServed', this.#parts.port, reason));
  }
}
