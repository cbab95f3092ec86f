import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { descriptorLimit } from '../platform/descriptorLimit.ts';
import type { Platform, ProcessIdentity, ProcessStat } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { HelperName } from '../protocol/helpers.ts';
import type { Lifetime, WardenId } from '../protocol/identity.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { version } from '../protocol/version.ts';
import { Records } from '../records/records.ts';
import type { WardenConfiguration } from './configuration.ts';
import { type DeadMansSwitch, noSwitch, ShellSwitch } from './ending/deadMansSwitch.ts';
import { FileWatchLink } from './fileWatchLink.ts';
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
  /** It is the model service of the user: it has no owner, and lives for the clients that lease models of it. */
  readonly isModelService: boolean;
  /** Of a warden on a node: how long it lives without a sign of life of its client, in milliseconds; 0: it has an owner. */
  readonly leaseMillis: number;
  readonly logFolder: string;
  readonly runtimeFolder: string;
  readonly windowLimits: WindowLimits;
  /** Port of the metrics page on 127.0.0.1; 0: it is not served. */
  readonly metricsPort: number;
  readonly keepHistory: boolean;
  /** All of it, and where each setting comes from, for the journal. */
  readonly effective: WardenConfiguration['effective'];
  /** Why no process can be lent a terminal, as a clause; undefined where each can. */
  readonly noTerminals: string | undefined;
}

/** What the parts of a warden need of the warden itself. */
export interface WardenSurroundings {
  /** Shows a message to the user. `process`: the name that it is about. */
  alert(message: Text, process?: string): void;
  /** A helper process is not restarted automatically; `problem` says why, as sentences. */
  helperGivenUp(helper: HelperName, problem: Text): void;
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
  readonly helpers: HelperParts;
}

/** What every helper process that reads from outside needs: it is no member of a tree, and ends with the warden. */
export interface HelperParts {
  /** Folder of the bundles. */
  readonly programFolder: string;
  onSpawned(process: ProcessIdentity): void;
  onCollected(process: ProcessIdentity): void;
}

/** @throws Error where this process cannot see itself, or the records cannot be written: nothing is started without them. */
export function buildParts(options: WardenOptions, surroundings: WardenSurroundings): WardenParts {
  const { platform, logFolder, runtimeFolder, workspace, window, lifetime, windowLimits, keepHistory, noTerminals } = options;
  const alert = (message: Text, process?: string): void => surroundings.alert(message, process);
  const id = randomBytes(4).toString('hex') as WardenId;
  const startedAt = Date.now();
  platform.adoptOrphans();
  if (lifetime === 'managed') platform.continueAtParentsEnd();
  const journalFile = join(logFolder, 'journal.jsonl');
  const journal = new Journal(journalFile, id, (error) => {
    alert(localizable('journalNotWritten', journalFile, errorText(error)));
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
  const helpers = helperParts({ membership, deadMansSwitch });
  const supervisor = new Supervisor({
    files: new FileWatchLink({ ...helpers, platform, journal, excluded: [logFolder] }),
    ...{ platform, containers, windowLimits, lifetime, membership, records, journal, observers, deadMansSwitch, logFolder, keepHistory },
    lendsTerminals: noTerminals === undefined,
    alert,
  });
  const parts = {
    options,
    id,
    startedAt,
    journal,
    observers,
    membership,
    records,
    deadMansSwitch,
    supervisor,
    helpers,
  };
  const models = new ModelService({
    own: (onChange) => openModels(parts, surroundings, onChange),
    shared: async (path, onChange, onLost) => {
      const { SharedModels } = await import('./models/sharedModels.ts');
      return await SharedModels.connect({ path, lessee: workspace || 'a command line', alert, onChange, onLost });
    },
  });
  supervisor.declarations.useModels(models);
  return { ...parts, models };
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

function helperParts({ membership, deadMansSwitch }: Pick<WardenParts, 'membership' | 'deadMansSwitch'>): HelperParts {
  return {
    programFolder: dirname(process.argv[1] ?? ''),
    onSpawned: (helper) => {
      membership.addHelper(helper.pid);
      deadMansSwitch.addHelper(helper);
    },
    onCollected: (helper) => {
      membership.forgetSpawned(helper.pid);
      deadMansSwitch.removeHelper(helper);
    },
  };
}

/** Not loaded before a model is declared. */
async function openModels(
  { options, journal, observers, helpers, supervisor }: Omit<WardenParts, 'models'>,
  { alert, helperGivenUp }: WardenSurroundings,
  onChange: () => void,
): Promise<GatewayLink> {
  const { GatewayLink } = await import('./models/gatewayLink.ts');
  return new GatewayLink({
    supervisor,
    platform: options.platform,
    journal,
    observers,
    ...helpers,
    descriptors: descriptorLimit(),
    alert,
    onGivenUp: (problem) => helperGivenUp('gateway', problem),
    onChange,
  });
}
