import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { descriptorLimit } from '../platform/descriptorLimit.ts';
import type { Platform, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { HelperName } from '../protocol/helpers.ts';
import type { Lifetime, WardenId } from '../protocol/identity.ts';
import { version } from '../protocol/version.ts';
import { Records } from '../records/records.ts';
import { type DeadMansSwitch, noSwitch, ShellSwitch } from './ending/deadMansSwitch.ts';
import { Journal } from './journal.ts';
import type { GatewayLink } from './models/gatewayLink.ts';
import { ModelService } from './models/modelService.ts';
import { Observers } from './observers.ts';
import { Supervisor } from './supervisor.ts';
import type { WindowLimits } from './trees/limitKeeper.ts';
import { Membership } from './trees/membership.ts';

export interface WardenOptions {
  readonly platform: Platform;
  readonly workspace: string;
  /** Identifies the window over its reloads. */
  readonly window: string;
  /** `detached`: it has no owner, and ends when its last tree has ended. */
  readonly lifetime: Lifetime;
  readonly logFolder: string;
  readonly runtimeFolder: string;
  readonly windowLimits: WindowLimits;
  /** Port of the metrics page on 127.0.0.1; 0: it is not served. */
  readonly metricsPort: number;
  readonly keepHistory: boolean;
}

/** What the parts of a warden need of the warden itself. */
export interface WardenSurroundings {
  /** Shows a message to the user. */
  alert(message: string): void;
  /** A helper process is not restarted automatically; `problem` says why, as sentences. */
  helperGivenUp(helper: HelperName, problem: string): void;
  /** Whether the warden has begun to end. */
  isEnding(): boolean;
}

/** The parts of one warden, in the order in which they are built. */
export interface WardenParts {
  readonly options: WardenOptions;
  readonly id: WardenId;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly journal: Journal;
  readonly observers: Observers;
  readonly membership: Membership;
  readonly records: Records;
  readonly deadMansSwitch: DeadMansSwitch;
  readonly supervisor: Supervisor;
  readonly models: ModelService;
}

/** @throws Error where this process cannot see itself, or the records cannot be written: nothing is started without them. */
export function buildParts(options: WardenOptions, surroundings: WardenSurroundings): WardenParts {
  const { platform, logFolder, runtimeFolder, workspace, window, lifetime, windowLimits, keepHistory } = options;
  const alert = (message: string): void => surroundings.alert(message);
  const id = randomBytes(4).toString('hex') as WardenId;
  const startedAt = Date.now();
  platform.adoptOrphans();
  if (lifetime === 'managed') platform.continueAtParentsEnd();
  const journalFile = join(logFolder, 'journal.jsonl');
  const journal = new Journal(journalFile, id, (error) => {
    alert(`The journal ${journalFile} cannot be written: ${errorText(error)}. Processes are guarded all the same.`);
  });
  const observers = new Observers(journal);
  const self = ownStat(platform);
  const membership = new Membership(platform, self);
  const containers = platform.containersFor(id);
  const records = new Records(runtimeFolder, {
    warden: id,
    bootId: platform.bootId,
    process: { pid: self.pid, startTime: self.startTime },
    version,
    workspace,
    window,
    lifetime,
    startedAt,
    homes: containers.cgroupRoots,
  });
  const reaper = [process.execPath, process.argv[1] ?? '', 'reap', records.folder, ...containers.cgroupRoots];
  const deadMansSwitch = startSwitch(reaper, { platform, membership, journal }, surroundings);
  const supervisor = new Supervisor({
    ...{ platform, containers, windowLimits, lifetime, membership, records, journal, observers, deadMansSwitch, logFolder, keepHistory },
    alert,
  });
  const parts = { options, id, startedAt, journal, observers, membership, records, deadMansSwitch, supervisor };
  return { ...parts, models: new ModelService((onChange) => openModels(parts, surroundings, onChange)) };
}

function ownStat(platform: Platform): ProcessStat {
  const self = platform.stat(process.pid);
  if (self === undefined) throw new Error('This process cannot find itself in the process table.');
  return self;
}

function startSwitch(
  reaper: readonly string[],
  { platform, membership, journal }: Pick<WardenOptions, 'platform'> & Pick<WardenParts, 'membership' | 'journal'>,
  { isEnding, helperGivenUp }: WardenSurroundings,
): DeadMansSwitch {
  if (platform.killsAtDeath) return noSwitch;
  return new ShellSwitch({
    reaper,
    onSpawn: (pid) => membership.addHelper(pid),
    onLost: (pid) => {
      membership.forgetSpawned(pid);
      if (!isEnding()) journal.write({ event: 'switch-lost', pid, reason: 'another process ended it' });
    },
    onGivenUp: (problem) => helperGivenUp('switch', problem),
  });
}

/** Not loaded before a model is declared. */
async function openModels(
  { options, journal, membership, deadMansSwitch, supervisor }: Omit<WardenParts, 'models'>,
  { alert, helperGivenUp }: WardenSurroundings,
  onChange: () => void,
): Promise<GatewayLink> {
  const { GatewayLink } = await import('./models/gatewayLink.ts');
  return new GatewayLink({
    supervisor,
    platform: options.platform,
    journal,
    programFolder: dirname(process.argv[1] ?? ''),
    descriptors: descriptorLimit(),
    onSpawned: (helper) => {
      membership.addHelper(helper.pid);
      deadMansSwitch.addHelper(helper);
    },
    onCollected: (helper) => {
      membership.forgetSpawned(helper.pid);
      deadMansSwitch.removeHelper(helper);
    },
    alert,
    onGivenUp: (problem) => helperGivenUp('gateway', problem),
    onChange,
  });
}
