import type { TreeId, WardenId } from '../protocol/identity.ts';
import type { WardenConfiguration } from './configuration.ts';
import { LogFile } from './output/logFile.ts';

export type JournalEvent =
  | 'warden-started'
  | 'configured'
  | 'warden-ended'
  | 'client-connected'
  | 'client-left'
  | 'models-leased'
  | 'socket-reopened'
  | 'switch-lost'
  | 'gateway-ended'
  | 'watch'
  | 'watcher-ended'
  | 'schedule'
  | 'job'
  | 'spawned'
  | 'start-failed'
  | 'state'
  | 'signal'
  | 'escalation'
  | 'ended'
  | 'hook'
  | 'health'
  | 'prompt'
  | 'restart'
  | 'gave-up'
  | 'late-member'
  | 'limit-reached'
  | 'cleanup-failed'
  | 'self-check'
  | 'strays'
  | 'guard'
  | 'owner-gone'
  | 'swept'
  | 'taken-over'
  | 're-attached'
  | 'log-failed'
  | 'record-failed'
  | 'record-set-aside'
  | 'observer-failed'
  | 'observer-recovered';

/** One line of the journal. No environment values ever; command lines masked. */
export interface JournalRecord {
  readonly event: JournalEvent;
  readonly tree?: TreeId;
  readonly spec?: string;
  readonly pid?: number;
  readonly pgid?: number;
  readonly command?: string;
  readonly state?: string;
  readonly durationMillis?: number;
  readonly code?: number | null;
  readonly signal?: string | null;
  /** Which of a tree's limits, of a `limit-reached`. */
  readonly limit?: string;
  readonly reason?: string;
  /** What the warden goes by, of a `configured`, by the name of each setting. */
  readonly settings?: WardenConfiguration['effective'];
}

/** Every transition of every tree as JSON lines, for people and for tools. */
export class Journal {
  readonly path: string;
  readonly #file: LogFile;
  readonly #warden: WardenId;
  readonly #listeners = new Set<(record: JournalRecord) => void>();

  constructor(path: string, warden: WardenId, onFailure: (error: Error) => void) {
    this.path = path;
    this.#warden = warden;
    this.#file = new LogFile(path, onFailure);
  }

  /** Hears of every record that is written from now on. */
  onRecord(listener: (record: JournalRecord) => void): void {
    this.#listeners.add(listener);
  }

  write(record: JournalRecord): void {
    for (const listener of this.#listeners) {
      try {
        listener(record);
      } catch {
        // Counting what happens may fail; that it happens, and is written, must not.
      }
    }
    this.#file.write(`${JSON.stringify({ time: new Date().toISOString(), warden: this.#warden, ...record })}\n`, () => undefined);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
