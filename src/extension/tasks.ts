import * as vscode from 'vscode';
import { errorText } from '../protocol/errors.ts';
import { instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { Processes } from './processes.ts';
import { TaskMarkers, type TaskStep } from './taskMarkers.ts';
import { TaskProblems } from './taskProblems.ts';
import { TreeTerminal } from './terminals.ts';
import type { WardenLink } from './wardenLink.ts';
import { type DeclaredProcess, processesPattern, type WorkspaceSpecs } from './workspaceSpecs.ts';

export const taskType = 'warden';
/** Waits for the markers of a task; see package.json. */
const problemMatcher = '$tree-warden';

interface WardenTaskDefinition extends vscode.TaskDefinition {
  /** A name in processes.json. */
  readonly process?: string;
  /** Or a command of its own, with the same keys as a process there. */
  readonly command?: string | string[];
}

/** Tasks of type `warden`: the editor's own tasks, with a tree behind each that ends with it. */
export class WardenTasks implements vscode.TaskProvider, vscode.Disposable {
  readonly #processes: Processes;
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #problems = new TaskProblems();
  readonly #registration: vscode.Disposable;

  constructor(processes: Processes, link: WardenLink, specs: WorkspaceSpecs) {
    this.#processes = processes;
    this.#link = link;
    this.#specs = specs;
    this.#registration = vscode.Disposable.from(
      vscode.tasks.registerTaskProvider(taskType, this),
      specs.onDidChange(() => this.#problems.keep((name) => this.#declared(name) !== undefined)),
    );
  }

  async provideTasks(): Promise<vscode.Task[]> {
    await this.#specs.ready;
    return this.#specs.declared.map(({ name, folder }) => {
      const task = this.#task({ type: taskType, process: name }, folder, name);
      // `preLaunchTask` and `dependsOn` wait until it is ready: most processes never end.
      task.isBackground = true;
      task.problemMatchers = [problemMatcher];
      return task;
    });
  }

  /** For what tasks.json declares; the definition has to stay the very object that was given. */
  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const definition = task.definition as WardenTaskDefinition;
    if (definition.process === undefined && definition.command === undefined) return undefined;
    const scope = task.scope;
    const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.[0];
    return folder && this.#task(definition, folder, task.name);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#problems.dispose();
  }

  #task(definition: WardenTaskDefinition, folder: vscode.WorkspaceFolder, name: string): vscode.Task {
    const process = definition.process ?? name;
    const declared = (): DeclaredProcess | undefined => (definition.process === undefined ? undefined : this.#declared(process));
    const line = declared()?.line;
    const run: TaskRun = {
      name: process,
      place: line === undefined ? '.vscode/tasks.json:1' : `${processesPattern}:${line + 1}`,
      start: (terminal) => this.#start(definition, folder, name, terminal),
      reached: (step, reason) => this.#reached(process, declared(), step, reason),
    };
    const execution = new vscode.CustomExecution(() => Promise.resolve(new TaskTerminal(this.#link, this.#processes, run)));
    return new vscode.Task(definition, folder, name, taskType, execution);
  }

  /** Of the declaration that this is an instance of. */
  #declared(instance: string): DeclaredProcess | undefined {
    return this.#specs.find(instanceOf(instance).spec);
  }

  #reached(process: string, declared: DeclaredProcess | undefined, step: TaskStep, reason: string): void {
    if (declared === undefined) return;
    if (step === 'failed') this.#problems.set(process, declared, vscode.l10n.t('“{0}” has failed: {1}', process, reason));
    else this.#problems.clear(process);
  }

  async #start(
    definition: WardenTaskDefinition,
    folder: vscode.WorkspaceFolder,
    name: string,
    { dimensions }: TaskTerminal,
  ): Promise<TreeSnapshot> {
    if (definition.process !== undefined) return await this.#processes.start(definition.process, dimensions);
    const { processSpecSchema } = await import('../config/processSchema.ts');
    const { type: _type, ...keys } = definition;
    const spec = processSpecSchema.safeParse({ group: 'Tasks', ...keys });
    if (!spec.success) throw new Error(spec.error.issues.map((issue) => `${issue.path.join('.') || 'task'}: ${issue.message}`).join('; '));
    return await this.#processes.startSpec(name, spec.data, folder, dimensions);
  }
}

interface TaskRun {
  readonly name: string;
  /** Where it is declared, as `FILE:LINE`. */
  readonly place: string;
  start(terminal: TaskTerminal): Promise<TreeSnapshot>;
  reached(step: TaskStep, reason: string): void;
}

/** The terminal of one task run: opening it starts the tree, closing it stops the tree, and the tree's exit code is the task's. */
class TaskTerminal extends TreeTerminal {
  readonly #link: WardenLink;
  readonly #processes: Processes;
  readonly #task: TaskRun;
  #starting: Promise<TreeSnapshot> | undefined;
  #subscription: vscode.Disposable | undefined;
  /** The tree that was started, or the newest one that has taken its place: by the restart policy, or by a user. */
  #tree: TreeSnapshot | undefined;
  #seen = false;
  #markers: TaskMarkers | undefined;
  #isClosed = false;

  constructor(link: WardenLink, processes: Processes, task: TaskRun) {
    super(link);
    this.#link = link;
    this.#processes = processes;
    this.#task = task;
  }

  override open(dimensions: vscode.TerminalDimensions | undefined): void {
    super.open(dimensions);
    void this.#run();
  }

  /** The task was terminated, or its terminal closed. */
  override close(): void {
    super.close();
    this.#isClosed = true;
    this.#subscription?.dispose();
    // One that is still being started is stopped as soon as it is there.
    const reason = vscode.l10n.t('the task was terminated');
    void this.#starting?.then((tree) => this.#processes.stop(this.#tree ?? tree, false, reason)).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { name, place, reached } = this.#task;
    const markers = new TaskMarkers(name, place, { say: (line) => this.say(line), reached });
    this.#markers = markers;
    try {
      this.#starting = Promise.resolve().then(() => this.#task.start(this));
      this.#tree = await this.#starting;
      if (this.#isClosed) return;
      this.show(this.#tree);
      this.#subscription = this.#link.onDidChangeTrees(() => this.#look());
      this.#look();
    } catch (error) {
      // A start that the user has called off has not failed.
      if (this.#isClosed) return;
      markers.failed(errorText(error));
      this.end(1);
    }
  }

  #look(): void {
    const { trees } = this.#link;
    const tree = trees.find(({ id }) => id === this.#tree?.id);
    this.#seen ||= tree !== undefined;
    if (tree && tree.endedAt === undefined) {
      this.#markers?.follow(tree);
      return;
    }
    // Not listed yet; or not any more, and then the warden has been lost, and the tree with it.
    if (!this.#seen) return;
    if (tree?.restarting) {
      const next = trees.find(({ id }) => id === tree.successor);
      if (!next) return;
      this.#tree = next;
      this.show(next);
      this.#look();
      return;
    }
    this.#subscription?.dispose();
    void this.drained.then(() => {
      if (tree) this.#markers?.follow(tree);
      this.end(tree?.exit?.code ?? 1);
    });
  }
}
