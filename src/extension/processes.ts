import * as vscode from 'vscode';
import { withNeededValues } from '../client/neededValues.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { resolveSpec } from '../config/resolveSpec.ts';
import type { Toolchain } from '../config/toolchains/toolchain.ts';
import type { NameAnswer, RestartNameRequest, StartNameRequest } from '../protocol/declare.ts';
import type { WatchStatus } from '../protocol/fileWatch.ts';
import { type JobCounts, jobOf } from '../protocol/jobs.ts';
import { instanceName, instanceOf } from '../protocol/names.ts';
import type { ScheduleStatus } from '../protocol/schedule.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { GivenValues } from '../protocol/startVariables.ts';
import { asReason, localizable, type Text } from '../protocol/texts.ts';
import { isLive, newestByName } from '../protocol/trees.ts';
import { type DeclaredNames, templateContext } from './declaredNames.ts';
import { localizedTrees, messageText } from './localized.ts';
import { externalKey } from './processTree/externalRows.ts';
import type { StartAnswers } from './questions/startAnswers.ts';
import { FailedStarts, StartFailure } from './running/failedStarts.ts';
import { settingIn } from './settingIn.ts';
import type { WardenLink } from './wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

/** A name in the view: what is declared under it, what runs under it, or both. */
export interface Process {
  readonly name: string;
  /** The declared name of which it is one of several instances. */
  readonly pool?: string;
  readonly declared: DeclaredProcess | undefined;
  /** The newest tree of that name. */
  readonly tree: TreeSnapshot | undefined;
  /** What runs was started with another declaration than the newest one. */
  readonly changed?: boolean;
  /** It runs, and no file declares it any more. */
  readonly undeclared?: boolean;
  /** Names of the processes that its start waits for. */
  readonly waitsFor?: readonly string[];
  /** Why its last start has failed, as a sentence. */
  readonly failure?: string;
  /** Of its files, where they are declared to be watched. */
  readonly watch?: WatchStatus;
  /** Absent where it has no schedule. */
  readonly schedule?: ScheduleStatus;
  /** The Python and Node.js that it is declared to run with. */
  readonly toolchains?: readonly Toolchain[];
  /** Of a pool of jobs, which is not started itself. */
  readonly jobs?: JobCounts;
}

/** Declared specs and running trees brought together by name, and what one can do with them. */
export class Processes implements vscode.Disposable {
  readonly #failedStarts = new FailedStarts();
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #names: DeclaredNames;
  readonly #answers: StartAnswers;

  constructor(link: WardenLink, specs: WorkspaceSpecs, names: DeclaredNames, answers: StartAnswers) {
    this.#link = link;
    this.#specs = specs;
    this.#names = names;
    this.#answers = answers;
  }

  /** A start has failed, or what has failed was started. */
  get onDidChangeFailures(): vscode.Event<void> {
    return this.#failedStarts.onDidChange;
  }

  get onDidChangeSpecs(): vscode.Event<void> {
    return this.#specs.onDidChange;
  }

  /** What is desired of a declared name has changed, or what it runs with. */
  get onDidChangeNames(): vscode.Event<void> {
    return this.#names.onDidChange;
  }

  /** Declared ones in the order of their file, then those that run without being declared. */
  get all(): readonly Process[] {
    const trees = newestByName(this.#link.trees);
    const declared = this.#specs.declared.flatMap((process) => this.#instancesOf(process, trees));
    const names = new Set(declared.map((process) => process.name));
    // An instance that there are not to be any more is over when it has ended.
    const isSurplus = (tree: TreeSnapshot): boolean => tree.pool !== undefined && names.has(tree.pool) && !isLive(tree);
    const others = this.#link.trees.filter((tree) => !names.has(tree.name) && trees.get(tree.name) === tree && !isSurplus(tree));
    return [...declared, ...others.map((tree): Process => jobIn(tree, names) ?? this.#undeclared(tree))];
  }

  get live(): readonly (Process & { readonly tree: TreeSnapshot })[] {
    return this.all.flatMap((process) => (isRunning(process) ? [{ ...process, tree: process.tree }] : []));
  }

  /** Also one that the editor or another extension has started, by the key of its row. */
  find(name: string): Process | undefined {
    const external = this.#link.external.find((tree) => externalKey(tree) === name);
    if (external) return { name: external.name, declared: undefined, tree: external };
    return this.all.find((process) => process.name === name);
  }

  /** All instances of what is declared under this name, or of what is one of them. */
  pool(name: string): readonly Process[] {
    return this.all.filter((process) => (process.pool ?? process.name) === name);
  }

  /**
   * One instance of what is declared. Undefined: it has a schedule, and waits for its time from now on.
   * @throws Error with one sentence where it cannot be started.
   */
  async start(name: string): Promise<TreeSnapshot | undefined> {
    const declared = await this.#declaredAs(name);
    const client = await this.#clientFor(declared);
    // A time is that of all of its instances.
    const label = declared.spec.schedule ? declared.name : instanceLabel(name);
    const answer = await this.#start(client, { name: label, ...(await lastRunOf(declared)) });
    const [started] = this.#treesOf(answer);
    if (started || answer.armed) return started;
    await runningAs(name, client);
    throw new Error(vscode.l10n.t('“{0}” is running already.', name));
  }

  /**
   * One run of one instance, whether or not it has a schedule; where it runs already, what runs is the answer (`isJoined`).
   * @throws Error with one sentence where it cannot be started.
   */
  async startOrJoin(
    name: string,
    dimensions?: vscode.TerminalDimensions,
  ): Promise<{ readonly tree: TreeSnapshot; readonly isJoined: boolean }> {
    const client = await this.#clientFor(await this.#declaredAs(name));
    const request = { name: instanceLabel(name), schedule: 'run', ...(dimensions && { dimensions }) } as const;
    const [started] = this.#treesOf(await this.#start(client, request));
    return started ? { tree: started, isJoined: false } : { tree: await runningAs(name, client), isJoined: true };
  }

  /** Every instance that does not run; what was there before this window is known first. */
  async startAll(name: string, options: Pick<StartNameRequest, 'schedule' | 'env' | 'trigger'> = {}): Promise<NameAnswer> {
    await this.#link.resumed;
    const declared = await this.#declaredAs(name);
    const client = await this.#clientFor(declared);
    // What runs by itself asks nothing again, but has the secrets of now.
    const known = options.trigger && (await this.#answers.knownSecrets(declared));
    const answer = await this.#start(client, { name, ...(await lastRunOf(declared)), ...options }, known);
    this.#failedStarts.note(answer, (instance) => this.#specOf(instance));
    return answer;
  }

  /** Has the wardens know what the files say by now. */
  async declareNewest(): Promise<void> {
    await this.#names.declareNewest();
  }

  /** @throws Error with one sentence where the workspace is not trusted, or the spec cannot be resolved. */
  async startSpec(
    name: string,
    spec: ProcessSpec,
    folder: vscode.WorkspaceFolder,
    dimensions?: vscode.TerminalDimensions,
  ): Promise<TreeSnapshot> {
    assertTrusted(name);
    const client = await this.#names.clientFor(spec.lifetime);
    const portFor = (port: string): Promise<number> => client.names.port(this.#specs.portName(folder, port));
    const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor, settingOf: settingIn(folder) };
    const history = { origin: foundOrigin(folder, name), name };
    return await client.start({ ...(await resolveSpec(name, spec, context)), history, ...(dimensions && { dimensions }) });
  }

  /**
   * What was found in the workspace, declared to the warden as a file would do it: when the file declares it later, that is no other declaration.
   * @throws Error with one sentence where it cannot be started.
   */
  async startFound(name: string, spec: ProcessSpec, folder: vscode.WorkspaceFolder): Promise<TreeSnapshot> {
    assertTrusted(name);
    const client = await this.#names.clientFor();
    const declaration = await declarationOf(name, spec, templateContext(folder, this.#specs));
    await client.names.declare({ origin: foundOrigin(folder, name), processes: [declaration] });
    const [tree] = this.#treesOf(await client.names.start({ name: instanceLabel(name), schedule: 'run' }));
    if (!tree) throw new Error(vscode.l10n.t('“{0}” is running already.', name));
    return tree;
  }

  /** Resolves when no process of it is left. */
  async stop(tree: TreeSnapshot, now: boolean, reason: Text): Promise<TreeSnapshot> {
    const stopped = await (await this.#link.clientOf(tree.id)).stop({ tree: tree.id, now, ...asReason(reason) });
    return localizedTrees([stopped])[0] ?? stopped;
  }

  /** It is not started when what it waits for is there; of a pool of jobs, those that wait are not, and those that run are ended. */
  async callOff({ name, declared }: Process, now = false): Promise<void> {
    const client = await this.#names.clientOf(instanceOf(name).spec, declared?.spec.lifetime);
    await client.names.stop({
      name: declared?.spec.jobs ? name : instanceLabel(name),
      now,
      ...asReason(localizable(now ? 'killedByUser' : 'stoppedByUser')),
    });
  }

  /** One operation, which a stop calls off: ends it where it runs, and starts what is declared by then; what was, where nothing is any more. */
  async restart({ name, declared, tree }: Process): Promise<TreeSnapshot> {
    const now = this.#specs.find(instanceOf(name).spec) ?? declared;
    const reason = localizable('restartedByUser');
    if (now === undefined) {
      if (!tree) throw noSuchProcess(name);
      return await (await this.#link.clientOf(tree.id)).restart({ tree: tree.id, now: false, ...asReason(reason) });
    }
    const client = await this.#clientFor(now);
    // It moves to another warden.
    if (tree && isLive(tree) && client.welcome.lifetime !== tree.lifetime) await this.stop(tree, false, reason);
    const [next] = this.#treesOf(await this.#restart(client, now, { name: instanceLabel(name), ...asReason(reason) }));
    return next ?? (await this.startOrJoin(name)).tree;
  }

  /**
   * One instance after the other, so that the others go on serving.
   * @throws Error with a sentence for each one that could not be restarted.
   */
  async restartAll(name: string): Promise<void> {
    const declared = await this.#declaredAs(name);
    const client = await this.#clientFor(declared);
    this.#treesOf(await this.#restart(client, declared, { name, ...asReason(localizable('restartedByUser')) }));
  }

  /** Number of instances that there are to be of what is declared under this name. */
  wanted({ name, spec }: DeclaredProcess): number {
    const { origin, instances } = this.#names.status(name) ?? {};
    return origin !== undefined && instances !== undefined ? instances : (spec.instances ?? 1);
  }

  /** Where any of it runs, starts what is missing, and stops what is too much; else it is remembered. */
  async scale(name: string, instances: number): Promise<void> {
    const client = await this.#clientFor(await this.#declaredAs(name));
    this.#treesOf(await client.names.scale({ name, instances, ...asReason(localizable('scaledTo', instances)) }));
  }

  /** What changes while it is paused does not count. */
  async setWatching({ name, declared }: Process, paused: boolean): Promise<void> {
    const { spec } = instanceOf(name);
    const client = await this.#names.clientOf(spec, declared?.spec.lifetime);
    await client.names.setWatching({ name: spec, paused });
  }

  /** Asks the user for what it needs, and is not `known`. */
  async #start(client: WardenClient, request: StartNameRequest, known?: GivenValues): Promise<NameAnswer> {
    return await withNeededValues(
      (values) => client.names.start({ ...request, ...(values && { values }) }),
      (needed) => this.#answers.answer(needed),
      known,
    );
  }

  /** With the answers of the last start, and the secrets of now; asks for what is new. */
  async #restart(client: WardenClient, declared: DeclaredProcess, request: RestartNameRequest): Promise<NameAnswer> {
    const secrets = await this.#answers.knownSecrets(declared);
    return await withNeededValues(
      (values) => client.names.restart({ ...request, ...(values && { values }) }),
      (needed) => this.#answers.answer(needed),
      secrets,
    );
  }

  /** As many as there are to be, and what still runs beyond them. */
  #instancesOf(declared: DeclaredProcess, trees: ReadonlyMap<string, TreeSnapshot>): Process[] {
    const { name, spec } = declared;
    if (spec.jobs) {
      const counts = this.#names.status(name)?.jobs ?? { ...spec.jobs, running: 0, queued: 0, waiting: 0 };
      return [{ name, pool: name, declared, tree: undefined, jobs: counts }];
    }
    const wanted = this.wanted(declared);
    const { running = [], waitsFor, desired = [], failures = [], watch, schedule } = this.#names.status(name) ?? {};
    const changed = new Set(running.flatMap((one) => (one.changed ? one.tree : [])));
    const surplus = [...trees.values()].filter((tree) => tree.pool === name && isLive(tree) && instanceOf(tree.name).instance > wanted);
    const names = [...Array.from({ length: wanted }, (_, index) => instanceName(name, index + 1)), ...surplus.map((tree) => tree.name)];
    const isPool = names.length > 1;
    const toolchains = this.#names.toolchainsOf(name);
    return names.map((one): Process => {
      const tree = trees.get(one);
      const own = failures.find((other) => other.name === one);
      const failure = this.#failedStarts.reasonOf(one, tree, declared.spec) ?? (own && messageText(own));
      return {
        ...{ name: one, declared, tree },
        ...(isPool && { pool: name }),
        ...(tree && changed.has(tree.id) && { changed: true }),
        ...(failure !== undefined && { failure }),
        ...(watch && { watch }),
        ...(schedule && { schedule }),
        ...(toolchains.length > 0 && { toolchains }),
        ...(waitsFor && desired.includes(one) && !(tree && isLive(tree)) && { waitsFor: waitsFor.map((other) => other.name) }),
      };
    });
  }

  #undeclared(tree: TreeSnapshot): Process {
    const status = this.#names.status(instanceOf(tree.name).spec);
    const isForgotten = status !== undefined && status.origin === undefined && status.running.some((one) => one.tree === tree.id);
    return { name: tree.name, declared: undefined, tree, ...(isForgotten && { undeclared: true }) };
  }

  /** Why the last start of what was found under this name has failed, as a sentence. */
  failureOfFound(name: string): string | undefined {
    return this.#failedStarts.reasonOf(name, undefined, undefined);
  }

  dispose(): void {
    this.#failedStarts.dispose();
  }

  #specOf(instance: string): ProcessSpec | undefined {
    return this.#specs.find(instanceOf(instance).spec)?.spec;
  }

  /** @throws StartFailure */
  #treesOf(answer: NameAnswer): readonly TreeSnapshot[] {
    this.#failedStarts.note(answer, (instance) => this.#specOf(instance));
    if (answer.failures.length > 0) throw new StartFailure(answer.failures);
    return answer.trees;
  }

  async #declaredAs(name: string): Promise<DeclaredProcess> {
    await this.#specs.ready;
    const declared = this.#specs.find(instanceOf(name).spec);
    if (!declared) throw noSuchProcess(name);
    return declared;
  }

  /** @throws Error with one sentence where the workspace is not trusted, or there is no warden. */
  async #clientFor({ name, spec }: DeclaredProcess): Promise<WardenClient> {
    assertTrusted(name);
    return await this.#names.clientOf(name, spec.lifetime);
  }
}

function assertTrusted(name: string): void {
  if (!vscode.workspace.isTrusted)
    throw new Error(
      vscode.l10n.t('“{0}” was not started, because this workspace is not trusted and its processes.json contains commands.', name),
    );
}

function noSuchProcess(name: string): Error {
  return new Error(vscode.l10n.t('There is no process “{0}” in processes.json.', name));
}

/** Of what no file declares. */
function foundOrigin({ uri }: vscode.WorkspaceFolder, name: string): string {
  return `${uri.fsPath}#${name}`;
}

/** @throws Error with one sentence where it does not run. */
async function runningAs(name: string, client: WardenClient): Promise<TreeSnapshot> {
  const { spec, instance } = instanceOf(name);
  const running = (await client.list()).find((tree) => tree.name === instanceName(spec, instance) && isLive(tree));
  if (!running) throw new Error(vscode.l10n.t('“{0}” has just ended. Start it again.', name));
  return running;
}

/** For one that makes up for missed times: since when. */
async function lastRunOf({ spec, root, written }: DeclaredProcess): Promise<Pick<StartNameRequest, 'lastRunAt'>> {
  if (!spec.schedule?.catchUp) return {};
  const { lastRunAt } = await import('../records/runFiles.ts');
  const at = lastRunAt({ origin: root.fsPath, name: written });
  return at === undefined ? {} : { lastRunAt: at };
}

/** The name of one instance, as the warden knows it apart from its pool. */
function instanceLabel(name: string): string {
  const { spec, instance } = instanceOf(name);
  return `${spec}#${instance}`;
}

/** What runs as a job of one of these pools. */
function jobIn(tree: TreeSnapshot, pools: ReadonlySet<string>): Process | undefined {
  const { pool } = jobOf(tree.name) ?? {};
  return pool !== undefined && pools.has(pool) ? { name: tree.name, pool, declared: undefined, tree } : undefined;
}

/** Whether it is a pool of jobs of which any runs or waits. */
export function hasJobs({ jobs }: Process): boolean {
  return jobs !== undefined && jobs.running + jobs.queued + jobs.waiting > 0;
}

/** Whether it is to run, and its start waits for others. */
export function isWaiting({ waitsFor }: Process): boolean {
  return waitsFor !== undefined;
}

/** Whether it waits for the time of its schedule, and does not run. */
export function isArmed(process: Process): boolean {
  return process.schedule?.isArmed === true && !isRunning(process) && !isWaiting(process);
}

export function isRunning<P extends Process>(process: P): process is P & { readonly tree: TreeSnapshot } {
  return process.tree !== undefined && isLive(process.tree);
}
