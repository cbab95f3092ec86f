import type * as vscode from 'vscode';
import type { DeclaredNames } from './declaredNames.ts';
import { errorText } from './localized.ts';
import type { Processes } from './processes.ts';
import type { WardenLink } from './wardenLink.ts';

export interface KeptSchedulesParts {
  readonly link: Pick<WardenLink, 'onDidRestart'>;
  readonly names: Pick<DeclaredNames, 'takeLostSchedules'>;
  readonly processes: Pick<Processes, 'startAll'>;
  readonly log: vscode.LogOutputChannel;
}

/**
 * Has the processes wait for their times again that did so under a warden that was killed: nothing runs of them in between, so that a user would not see that
 * they are not run any more. It goes by the link's restart budget.
 */
export class KeptSchedules implements vscode.Disposable {
  readonly #parts: KeptSchedulesParts;
  readonly #subscription: vscode.Disposable;

  constructor(parts: KeptSchedulesParts) {
    this.#parts = parts;
    this.#subscription = parts.link.onDidRestart(() => {
      for (const name of parts.names.takeLostSchedules()) void this.#arm(name);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #arm(name: string): Promise<void> {
    const { processes, log } = this.#parts;
    try {
      await processes.startAll(name, { schedule: 'arm' });
      log.info(`${name} waits for its times again.`);
    } catch (error) {
      log.error(`${name} does not wait for its times any more: ${errorText(error)}`);
    }
  }
}
