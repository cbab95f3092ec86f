import { coreVersion, spokenVersions, type Welcome } from '../protocol/handshake.ts';
import type { Inspection } from '../protocol/inspection.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { version } from '../protocol/version.ts';
import type { Alerts } from './alerts.ts';
import { shortcomingsOf } from './lentTerminals.ts';
import { selfCheck } from './selfCheck.ts';
import type { WardenParts } from './wardenParts.ts';

/** Interval of the self-check, in milliseconds. */
const selfCheckMillis = 60_000;

/** Reports on the warden itself: to clients that ask, and regularly to the journal and the user. */
export class Diagnostics {
  readonly #parts: WardenParts;
  readonly #alerts: Alerts;
  #checking: NodeJS.Timeout | undefined;

  constructor(parts: WardenParts, alerts: Alerts) {
    this.#parts = parts;
    this.#alerts = alerts;
  }

  welcome(): Welcome {
    const { id, journal, records, options } = this.#parts;
    return {
      protocol: coreVersion,
      version,
      versions: spokenVersions,
      warden: id,
      pid: process.pid,
      shortcomings: shortcomingsOf(options.platform, options.noTerminals),
      journalFile: journal.path,
      workspace: options.workspace,
      lifetime: options.lifetime,
      folder: records.folder,
    };
  }

  inspect(): Inspection {
    const { startedAt, deadMansSwitch, models, supervisor, options } = this.#parts;
    return {
      ...this.welcome(),
      startedAt,
      platform: options.platform.name,
      adoptsOrphans: options.platform.adoptsOrphans,
      switchPid: deadMansSwitch.pid,
      gatewayPid: models.gatewayPid,
      trees: supervisor.snapshots(),
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  /** What is wrong at present, a sentence each. */
  selfCheck(): Text[] {
    const { records, deadMansSwitch, supervisor, observers, models, options } = this.#parts;
    const { platform } = options;
    const self = platform.stat(process.pid);
    if (self === undefined) return [localizable('tableUnreadable')];
    const found = selfCheck({
      platform,
      self,
      recordFolder: records.folder,
      switchPid: deadMansSwitch.pid,
      switchProblem: deadMansSwitch.problem,
      ...supervisor.survey(),
    });
    return [...found, ...observers.problems, ...models.problems];
  }

  /** Begins to journal and report what is wrong, each thing once for as long as it lasts. */
  checkRegularly(): void {
    const { observers } = this.#parts;
    this.#checking = setInterval(() => {
      const findings = observers.runNow('The self-check', () => this.selfCheck(), []);
      this.#alerts.report(findings);
    }, selfCheckMillis);
    this.#checking.unref();
  }

  dispose(): void {
    clearInterval(this.#checking);
  }
}
