import type { HelperName } from '../protocol/helpers.ts';
import { type Text, withData } from '../protocol/texts.ts';
import type { Alert } from '../protocol/watching.ts';
import type { Journal } from './journal.ts';

/** Maximum number of messages that are kept for the first client to come; the newest are. */
const maxMissed = 100;

/** What a warden has to say to its user. */
export class Alerts {
  readonly #write: Journal['write'];
  readonly #send: (alert: Alert) => boolean;
  #missed: Alert[] = [];
  /** What the user knows of, until the next look. */
  #known = new Set<string>();

  /** `send`: false where no client is connected. */
  constructor(write: Journal['write'], send: (alert: Alert) => boolean) {
    this.#write = write;
    this.#send = send;
  }

  raise(alert: Alert): void {
    this.#known.add(alert.message);
    if (!this.#send(alert)) this.#missed = [...this.#missed, alert].slice(-maxMissed);
  }

  /** Alerts from before a client was connected, which are handed out once. */
  takeMissed(): Alert[] {
    return this.#missed.splice(0);
  }

  /** A helper is not restarted automatically; `problem` says why. */
  helperGivenUp(helper: HelperName, problem: Text): void {
    this.#write({ event: 'gave-up', spec: helper, reason: String(problem) });
    this.raise({ ...alertOf(problem), helper });
  }

  /** All that a self-check has found: each thing is told once for as long as it lasts. */
  report(findings: readonly Text[]): void {
    const before = this.#known;
    this.#known = new Set(findings.map(String));
    for (const finding of findings) {
      if (before.has(String(finding))) continue;
      this.#write({ event: 'self-check', reason: String(finding) });
      this.raise(alertOf(finding));
    }
  }
}

export function alertOf(message: Text): Alert {
  return { message: String(message), ...withData('messageData', message) };
}
