import * as vscode from 'vscode';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { localizable } from '../../protocol/texts.ts';
import { labelOf } from '../../protocol/trees.ts';
import { type FoundCommandParts, runFound } from '../found/foundCommands.ts';
import type { LanguageServers } from '../languageServers/languageServers.ts';
import type { Models } from '../models/models.ts';
import { hasJobs, isArmed, isRunning, isWaiting, type Process } from '../processes.ts';
import type { Row } from '../processTree/row.ts';
import type { Profiles } from '../profiles.ts';
import { withProgress } from '../progress.ts';
import { ask, tellInfo } from '../tell.ts';
import { allOf } from './allOf.ts';
import { type Applicable, appliesTo, labelOfProcess, namesOf, noneApplies, pickProcesses, type Targets, targetsOf } from './targets.ts';

export interface RunParts extends FoundCommandParts {
  readonly models: Models;
  readonly languageServers: LanguageServers;
  readonly profiles: Profiles;
}

type RunningProcess = Process & { readonly tree: TreeSnapshot };

const confirmSetting = 'treeWarden.confirmStopAll';

/** Starts, stops, restarts and kills: what rows stand for, what the user selects, and everything. */
export class RunCommands {
  readonly #parts: RunParts;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** Without rows, the user is asked. */
  async start(rows: readonly Row[]): Promise<void> {
    const targets = await this.#targets(rows, 'idle', vscode.l10n.t('Select the processes to start'));
    if (targets === undefined) return;
    const { found, languageServers } = this.#parts;
    const work = [
      this.#startProcesses(targets.processes, !isMany(rows)),
      ...targets.languageServers.map(async (name) => (await languageServers.find(name)).start()),
      ...targets.found.map(async (name) => {
        const entry = found.find(name);
        if (entry) await runFound(this.#parts, entry);
      }),
    ];
    await allOf(work);
  }

  async stop(rows: readonly Row[], now: boolean): Promise<void> {
    const question = now ? vscode.l10n.t('Select the processes to kill') : vscode.l10n.t('Select the processes to stop');
    const targets = await this.#targets(rows, 'live', question);
    if (targets === undefined) return;
    const live = targets.processes.filter(isRunning);
    if (isMany(rows) && !(await this.#mayEnd(live, now ? 'kill' : 'stop'))) return;
    const { languageServers, models } = this.#parts;
    await allOf([
      ...targets.processes.filter(isHeldBack).map((process) => this.#parts.processes.callOff(process, now)),
      this.#stopProcesses(withoutJobsOf(targets.processes, live), now),
      ...targets.languageServers.map(async (name) => (await languageServers.find(name)).stop()),
      ...targets.models
        .filter((name) => models.find(name)?.snapshot !== undefined)
        .map(async (name) => void (await models.unload(name, now))),
    ]);
  }

  async restart(rows: readonly Row[]): Promise<void> {
    const targets = await this.#targets(rows, 'running', vscode.l10n.t('Select the processes to restart'));
    if (targets === undefined) return;
    if (isMany(rows) && !(await this.#mayEnd(targets.processes.filter(isRunning), 'restart'))) return;
    const { languageServers } = this.#parts;
    await allOf([
      this.#restartProcesses(targets.processes, !isMany(rows)),
      ...targets.languageServers.map(async (name) => (await languageServers.find(name)).restart()),
    ]);
  }

  /** Everything that is declared and does not run, but for processes of profiles that are not active. */
  async startAll(): Promise<void> {
    const { processes, profiles } = this.#parts;
    const idle = processes.all.filter(
      (process) => appliesTo(process, 'idle') && !isArmed(process) && (!process.declared || profiles.includes(process.declared)),
    );
    if (idle.length === 0) void tellInfo(noneApplies('idle'));
    else await this.#startProcesses(idle, false);
  }

  /** Everything that this window has started and that runs. */
  async stopAll(now: boolean): Promise<void> {
    const { live, all } = this.#parts.processes;
    const waiting = all.filter(isHeldBack);
    if (live.length + waiting.length === 0) void tellInfo(noneApplies('live'));
    else if (await this.#mayEnd(live, now ? 'killAll' : 'stopAll')) {
      await allOf(waiting.map((process) => this.#parts.processes.callOff(process, now)));
      await this.#stopProcesses(withoutJobsOf(waiting, live), now);
    }
  }

  /** Undefined where there is nothing to do; a sentence says why. */
  async #targets(rows: readonly Row[], which: Applicable, placeHolder: string): Promise<Targets | undefined> {
    const { processes } = this.#parts;
    if (rows.length === 0) {
      const chosen = await pickProcesses(processes, which, placeHolder);
      return chosen && { processes: chosen, languageServers: [], models: [], found: [] };
    }
    const all = withFound(targetsOf(rows, processes), this.#parts.found);
    const [only] = rows;
    if (rows.length === 1 && only?.kind === 'process' && all.processes.length === 0)
      throw new Error(vscode.l10n.t('“{0}” no longer exists.', only.process));
    const applicable = all.processes.filter((process) => appliesTo(process, which));
    const [first] = all.processes;
    const hasOthers = all.languageServers.length + all.models.length + (which === 'idle' ? all.found.length : 0) > 0;
    if (applicable.length > 0 || hasOthers) return { ...all, processes: applicable };
    if (all.processes.length === 1 && first && which !== 'idle')
      throw new Error(vscode.l10n.t('“{0}” is not running.', labelOfProcess(first)));
    if (all.processes.length === 1 && first && isRunning(first))
      throw new Error(vscode.l10n.t('“{0}” is running already.', labelOfProcess(first)));
    void tellInfo(which !== 'idle' ? noneApplies(which) : vscode.l10n.t('No process is left to start here.'));
    return undefined;
  }

  async #startProcesses(processes: readonly Process[], shown: boolean): Promise<void> {
    if (processes.length === 0) return;
    // Once for all instances that have a schedule together: a second start would run them now.
    const names = new Set(processes.map(({ name, pool, declared }) => (declared?.spec.schedule && pool !== undefined ? pool : name)));
    const starting = allOf(Array.from(names, (name) => this.#parts.processes.start(name)));
    const [tree] = await withProgress(vscode.l10n.t('Starting {0}…', namesOf(processes)), starting);
    if (tree && shown) this.#parts.terminals.show(tree);
  }

  /** Restarts the instances of a pool one after the other, so that the others keep serving. */
  async #restartProcesses(processes: readonly Process[], shown: boolean): Promise<void> {
    const pools = new Map<string, Process[]>();
    for (const process of processes)
      if (process.declared && process.pool !== undefined) pools.set(process.pool, [...(pools.get(process.pool) ?? []), process]);
    const whole = [...pools].filter(([, instances]) => instances.length > 1);
    const inPool = new Set(whole.flatMap(([, instances]) => instances));
    const others = processes.filter((process) => !inPool.has(process));
    const restarting = allOf<TreeSnapshot | undefined>([
      ...whole.map(([pool]) => this.#parts.processes.restartAll(pool).then(() => undefined)),
      ...others.map((process) => this.#parts.processes.restart(process)),
    ]);
    const names = [...whole.map(([pool]) => pool), ...others.map(labelOfProcess)].join(', ');
    if (names === '') return;
    const [tree] = await withProgress(vscode.l10n.t('Restarting {0}…', names), restarting);
    if (tree && shown && others.length === 1) this.#parts.terminals.show(tree);
  }

  async #stopProcesses(processes: readonly RunningProcess[], now: boolean): Promise<void> {
    if (processes.length === 0) return;
    const names = namesOf(processes);
    const reason = localizable(now ? 'killedByUser' : 'stoppedByUser');
    const stopping = allOf(processes.map(({ tree }) => this.#parts.processes.stop(tree, now, reason)));
    const results = await withProgress(now ? vscode.l10n.t('Killing {0}…', names) : vscode.l10n.t('Stopping {0}…', names), stopping);
    const stuck = results.filter((tree) => tree.state === 'unkillable');
    if (stuck.length > 0)
      throw new Error(stuck.map((tree) => vscode.l10n.t('“{0}” could not be stopped: {1}', labelOf(tree), tree.reason)).join('\n'));
  }

  /** True when the user agrees, or only one process is running. */
  async #mayEnd(live: readonly Process[], how: keyof typeof questions): Promise<boolean> {
    if (live.length <= 1 || !vscode.workspace.getConfiguration().get(confirmSetting, true)) return true;
    const { question, yes } = questions[how](live.length);
    const always = vscode.l10n.t('Don’t Ask Again');
    const answer = await ask(question, namesOf(live), yes, always);
    if (answer === always) await vscode.workspace.getConfiguration().update(confirmSetting, false, vscode.ConfigurationTarget.Global);
    return answer === yes || answer === always;
  }
}

/** What was found in the workspace and has run is started as what has not. */
function withFound({ processes, ...others }: Targets, found: RunParts['found']): Targets {
  const isFound = (process: Process): boolean =>
    process.declared === undefined && !isRunning(process) && found.find(process.name) !== undefined;
  return {
    ...others,
    processes: processes.filter((process) => !isFound(process)),
    found: [...others.found, ...processes.filter(isFound).map(({ name }) => name)],
  };
}

const questions = {
  stop: (count: number) => ({ question: vscode.l10n.t('Stop {0} processes?', count), yes: vscode.l10n.t('Stop') }),
  kill: (count: number) => ({ question: vscode.l10n.t('Kill {0} processes?', count), yes: vscode.l10n.t('Kill') }),
  restart: (count: number) => ({ question: vscode.l10n.t('Restart {0} processes?', count), yes: vscode.l10n.t('Restart') }),
  stopAll: (count: number) => ({ question: vscode.l10n.t('Stop all {0} processes?', count), yes: vscode.l10n.t('Stop All') }),
  killAll: (count: number) => ({ question: vscode.l10n.t('Kill all {0} processes?', count), yes: vscode.l10n.t('Kill All') }),
} as const;

/** Whether nothing of it runs, and will by itself. */
function isHeldBack(process: Process): boolean {
  return isWaiting(process) || isArmed(process) || hasJobs(process);
}

/** A pool of jobs that is called off ends those that run: to stop one of them by itself would make room for the next, before that is heard. */
function withoutJobsOf(calledOff: readonly Process[], live: readonly RunningProcess[]): readonly RunningProcess[] {
  const pools = new Set(calledOff.filter(hasJobs).map(({ name }) => name));
  return live.filter(({ pool }) => pool === undefined || !pools.has(pool));
}

/** Several rows, or a group: more than the user sees at a glance. */
function isMany(rows: readonly Row[]): boolean {
  return rows.length > 1 || rows.some(({ kind }) => kind === 'group');
}
