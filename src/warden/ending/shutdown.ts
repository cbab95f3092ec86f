import { setTimeout as sleep } from 'node:timers/promises';
import type { WardenParts } from '../wardenParts.ts';
import { removeCgroupRoots } from './cleanup.ts';

/** Time that the end of the warden waits for its files to be written, in milliseconds. */
const filesTimeoutMillis = 2000;
/** Exit code after a defect of the warden's own (EX_SOFTWARE, sysexits.h). */
const softwareError = 70;

/** What serves clients, as far as the end of the warden is concerned. */
export interface Serving {
  /** All trees have ended: stops every timer that looks after them. */
  stopWatching(): void;
  /** Accepts no client any more. */
  stopServing(): void;
}

/** Ends the warden: in good order when all its trees have ended, or at once after a defect of its own. */
export class Shutdown {
  readonly #parts: WardenParts;
  readonly #serving: Serving;
  #ending: Promise<void> | undefined;

  constructor(parts: WardenParts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  get hasBegun(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Ends every tree, then this process. Resolves shortly before the exit; asking again joins the end that is under way. `now`: without grace. One that fails
   * is a defect of the warden's own: it ends nevertheless, and the switch kills what is left.
   */
  begin(reason: string, now: boolean): Promise<void> {
    this.#ending ??= this.#end(reason).catch((error: unknown) => this.crash(error));
    // Its failure is that of the end under way, which waits for the same trees.
    if (now) this.#parts.supervisor.shutdown(reason, true).catch(() => undefined);
    return this.#ending;
  }

  /** After a defect of the warden's own: exits without standing the switch down, so that the trees do not become orphans. */
  async crash(error: unknown): Promise<void> {
    const { journal } = this.#parts;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    journal.write({ event: 'cleanup-failed', reason: `the warden failed: ${text}` });
    process.stderr.write(`tree-warden: the warden failed: ${text}\n`);
    await Promise.race([journal.close(), sleep(filesTimeoutMillis)]);
    process.exit(softwareError);
  }

  async #end(reason: string): Promise<void> {
    const { supervisor, models, deadMansSwitch, records, journal, options } = this.#parts;
    // Side by side: requests are answered with the reason, and a gateway that hangs delays nothing.
    const gatewayClosed = models.close();
    await supervisor.shutdown(reason, false);
    await gatewayClosed;
    this.#serving.stopWatching();
    supervisor.dispose();
    deadMansSwitch.standDown();
    // Before the records: they say where the cgroups are.
    const isClean = await removeCgroupRoots(options.platform, records.cgroupRoots);
    // A process that could not be killed stays on record: the next start tries again.
    if (isClean && supervisor.snapshots().every((tree) => tree.state !== 'unkillable')) records.removeAll();
    journal.write({ event: 'warden-ended', pid: process.pid, reason });
    this.#serving.stopServing();
    await Promise.race([this.#closeFiles(), sleep(filesTimeoutMillis)]);
    // In a later turn, so that the answer to the caller is written first.
    setTimeout(() => process.exit(0), 20);
  }

  async #closeFiles(): Promise<void> {
    await this.#parts.supervisor.close();
    await this.#parts.journal.close();
  }
}
