import { linePrefixes } from '../client/logs/linePrefixes.ts';
import type { NameStatus, ProcessDeclaration } from '../protocol/declare.ts';
import type { TreeId } from '../protocol/identity.ts';
import { instanceName, instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { GivenValues } from '../protocol/startVariables.ts';
import { isSpawned, labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import { lastRunAt } from '../records/runFiles.ts';
import type { RunEnd } from './exitCodes.ts';
import { tellFileChanges } from './fileChanges.ts';
import { portAdvice } from './portAdvice.ts';
import { MergedOutput, type PrefixedLines } from './prefixedLines.ts';
import { complainBehind } from './say.ts';
import { nextRun, tellScheduleActions } from './schedules.ts';
import type { CliSession } from './session.ts';
import { writeOut } from './stdout.ts';

export interface RunOptions {
  /** The name whose end is an end also where its files are watched. */
  readonly until: string | undefined;
  /** Given at the first starts. */
  readonly values: GivenValues;
}

/** One instance, from its start to its end. */
interface InstanceRun {
  /** As it is declared. */
  readonly name: string;
  readonly end: Promise<RunEnd>;
}

/** All that runs of what `up` has declared, also what another command has started since, with what it prints. */
export class InstanceRuns {
  readonly #session: CliSession;
  /** Path of the file. */
  readonly #origin: string;
  readonly #until: string | undefined;
  #declarations: readonly ProcessDeclaration[] = [];
  /** What is printed in front of the lines of each instance, by its label. */
  readonly #prefixes = new Map<string, string>();
  readonly #merged = new MergedOutput(writeOut);
  readonly #runs: InstanceRun[] = [];
  /** Names of the instances that are followed, through all restarts. */
  readonly #active = new Set<string>();
  /** Trees whose output is, or was, printed. */
  readonly #followed = new Set<TreeId>();
  /** Trees that were listed while their instance was still followed to its end, in that order: the next ones of it, or what another command has started again. */
  readonly #next = new Map<TreeId, TreeSnapshot>();

  /** Declares and starts them. */
  static async start(
    session: CliSession,
    origin: string,
    declarations: readonly ProcessDeclaration[],
    { until, values }: RunOptions,
  ): Promise<InstanceRuns> {
    const { client } = session.warden;
    const runs = new InstanceRuns(session, origin, until);
    await runs.declare(declarations);
    // For as long as the session lives.
    client.names.onChange(runs.#tellWaits());
    client.names.onChange(tellFileChanges((name) => runs.#prefixOfName(name)));
    client.names.onChange(tellScheduleActions((name) => runs.#prefixOfName(name)));
    runs.start(declarations, values);
    client.onTrees((trees) => runs.#noticeOthers(trees));
    return runs;
  }

  private constructor(session: CliSession, origin: string, until: string | undefined) {
    this.#session = session;
    this.#origin = origin;
    this.#until = until;
  }

  /** All that is declared from now on; what runs goes on. */
  async declare(declarations: readonly ProcessDeclaration[]): Promise<readonly NameStatus[]> {
    // Piped output is for programs: no terminal, no colours.
    const processes = process.stdout.isTTY ? declarations : declarations.map(onPipes);
    const statuses = await this.#session.warden.client.names.declare({ origin: this.#origin, processes });
    this.#declarations = declarations;
    return statuses;
  }

  /** How the instances of one name have ended that were to run from the beginning. */
  async endsOf(name: string): Promise<RunEnd[]> {
    return await Promise.all(this.#runs.flatMap((run) => (run.name === name ? [run.end] : [])));
  }

  /** Resolves when nothing runs any more, with how each instance has ended, in the order of their starts. */
  async ended(): Promise<RunEnd[]> {
    for (;;) {
      const runs = [...this.#runs];
      const ends = await Promise.all(runs.map(({ end }) => end));
      if (runs.length === this.#runs.length) return ends;
    }
  }

  /** Starts all instances of these, which are declared. */
  start(declarations: readonly ProcessDeclaration[], values: GivenValues): void {
    const instances = declarations.flatMap(({ name, instances: count }) =>
      Array.from({ length: count }, (_, index) => {
        const instance = instanceName(name, index + 1);
        return { name, instance, label: labelOf({ name: instance, pool: poolOf(name, count) }) };
      }),
    );
    this.#makePrefixes(instances.map(({ label }) => label));
    for (const { name, instance, label } of instances) this.#follow(name, instance, () => this.#started(instance, label, values));
  }

  /** Those that there are stay as they are. */
  #makePrefixes(labels: readonly string[]): void {
    const all = [...new Set([...this.#prefixes.keys(), ...labels])];
    const prefixes = linePrefixes(all, process.stdout.isTTY);
    all.forEach((label, index) => void (this.#prefixes.has(label) || this.#prefixes.set(label, prefixes[index] ?? '')));
  }

  /** Instances that are there since they were scaled up, or started again after their end. */
  #noticeOthers(trees: readonly TreeSnapshot[]): void {
    for (const tree of trees) {
      const name = tree.pool ?? instanceOf(tree.name).spec;
      const label = labelOf(tree);
      if (!isSpawned(tree) || this.#followed.has(tree.id) || !this.#declarations.some((one) => one.name === name)) continue;
      if (this.#active.has(tree.name)) {
        this.#next.set(tree.id, tree);
        continue;
      }
      this.#makePrefixes([label]);
      this.#follow(name, tree.name, () => this.#endOf(tree, label));
    }
  }

  #follow(name: string, instance: string, run: () => Promise<RunEnd>): void {
    this.#active.add(instance);
    const end = run().finally(() => {
      this.#active.delete(instance);
      // Nothing may tell of them again.
      this.#noticeOthers([...this.#next.values()].filter((tree) => tree.name === instance));
    });
    // Its failure is that of the session, which all of them tell.
    end.catch(() => undefined);
    this.#runs.push({ name, end });
  }

  async #started(instance: string, label: string, values: GivenValues): Promise<RunEnd> {
    const { schedule } = this.#declarations.find(({ name }) => name === instanceOf(instance).spec) ?? {};
    const last = schedule?.catchUp && lastRunAt({ origin: this.#origin, name: instanceOf(instance).spec });
    const request = { name: label, awaitReader: true, schedule: 'arm', values, ...(last !== undefined && { lastRunAt: last }) } as const;
    const { trees, failures, armed } = await this.#session.answerTo(this.#session.warden.client.names.start(request));
    const tree = armed ? await this.#afterEnd({ id: '' as TreeId, name: instance, startedAt: 0 }, label) : trees[0];
    if (tree) return await this.#endOf(tree, label);
    if (armed) return { waited: true };
    complainBehind(this.#prefixOf(label), failures[0]?.message ?? `'${label}' is running already.`);
    return { failure: failures[0] };
  }

  /** Of its last successor. */
  async #endOf(first: TreeSnapshot, label: string): Promise<RunEnd> {
    for (let tree = first; ; ) {
      const ended = await this.#print(tree, this.#merged.prefixed(this.#prefixOf(label)));
      const next = await this.#session.successorOf(ended);
      const advice = next ? undefined : await portAdvice(ended);
      if (advice !== undefined) complainBehind(this.#prefixOf(label), advice);
      const later = next ?? (await this.#afterEnd(ended, label));
      if (!later) return { tree: ended };
      tree = later;
    }
  }

  /** Prints what it prints, to its end. */
  async #print({ id, name }: TreeSnapshot, lines: PrefixedLines): Promise<TreeSnapshot> {
    this.#followed.add(id);
    const ofName = [...this.#next.values()].filter((tree) => tree.name === name).map((tree) => tree.id);
    for (const before of ofName.slice(0, ofName.indexOf(id) + 1)) this.#next.delete(before);
    const request = { tree: id, from: 0, whenBehind: 'wait', follow: true } as const;
    const output = this.#session.warden.client.readOutput(request, { onChunk: (chunk) => lines.add(chunk) });
    const ended = await this.#session.endOf(id);
    await output.ended;
    await lines.end(visible(ended.reason));
    return ended;
  }

  /** What runs of it when its time comes, or its files change. */
  async #afterEnd(ended: Pick<TreeSnapshot, 'id' | 'name' | 'startedAt'>, label: string): Promise<TreeSnapshot | undefined> {
    if (instanceOf(ended.name).spec === this.#until) return undefined;
    return await nextRun(this.#session, ended, this.#prefixOf(label));
  }

  /** Says once of each process what its start waits for. */
  #tellWaits(): (statuses: readonly NameStatus[]) => void {
    const told = new Set<string>();
    return (statuses) => {
      for (const { name, waitsFor } of statuses) {
        const prefix = this.#prefixOfName(name);
        if (waitsFor === undefined || told.has(name) || prefix === undefined) continue;
        told.add(name);
        complainBehind(prefix, `waits for ${listed(waitsFor.map((one) => one.name))}`);
      }
    };
  }

  /** Of its first instance; undefined where it is not one of these. */
  #prefixOfName(name: string): string | undefined {
    const instances = this.#declarations.find((one) => one.name === name)?.instances ?? 0;
    // Its number may be another one than at its start.
    return this.#prefixes.get(labelOf({ name, pool: poolOf(name, instances) })) ?? this.#prefixes.get(name);
  }

  #prefixOf(label: string): string {
    return this.#prefixes.get(label) ?? '';
  }
}

function poolOf(name: string, instances: number): string | undefined {
  return instances > 1 ? name : undefined;
}

function listed(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}

function onPipes(declaration: ProcessDeclaration): ProcessDeclaration {
  return 'template' in declaration ? { ...declaration, template: { ...declaration.template, stdio: 'pipes' } } : declaration;
}
