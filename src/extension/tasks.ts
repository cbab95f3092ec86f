import * as vscode from 'vscode';
import { instanceName, instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { localizable } from '../protocol/texts.ts';
import { labelOf } from '../protocol/trees.ts';
import { errorText } from './localized.ts';
import type { Processes } from './processes.ts';
import { TaskMarkers, type TaskStep } from './taskMarkers.ts';
import { TaskProblems } from './taskProblems.ts';
import { tellBriefly } from './tell.ts';
import { TreeTerminal } from './terminals.ts';
import type { WardenLink } from './wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

export const taskType = 'warden';
/** How long the status bar says what becomes of a task's process, in milliseconds. */
const briefMillis = 5000;
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
      specs.onDidChange(() => this.#problems.keep((name) => specs.find(name) !== undefined)),
    );
  }

  async provideTasks(): Promise<vscode.Task[]> {
    await this.#specs.ready;
    const startable = this.#specs.declared.filter(({ spec }) => spec.jobs === undefined);
    return startable.map(({ name, folder }) => {
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
    const declared = (): DeclaredProcess | undefined => (definition.process === undefined ? undefined : this.#declared(process, folder));
    const place = declared();
    const run: TaskRun = {
      name: process,
      place: place === undefined ? '.vscode/tasks.json:1' : `${vscode.workspace.asRelativePath(place.file, false)}:${place.line + 1}`,
      start: (terminal) => this.#start(definition, folder, name, terminal),
      reached: (step, reason) => this.#reached(declared(), step, reason),
    };
    const execution = new vscode.CustomExecution(() => Promise.resolve(new TaskTerminal(this.#link, this.#processes, run)));
    return new vscode.Task(definition, folder, name, taskType, execution);
  }

  /** Of the declaration that this is an instance of, by its name in the folder of the task or in the window. */
  #declared(instance: string, folder: vscode.WorkspaceFolder): DeclaredProcess | undefined {
    return this.#specs.findIn(folder, instanceOf(instance).spec);
  }

  #reached(declared: DeclaredProcess | undefined, step: TaskStep, reason: string): void {
    if (declared === undefined) return;
    const { name } = declared;
    if (step === 'failed') this.#problems.set(name, declared, vscode.l10n.t('“{0}” has failed: {1}', name, reason));
    else this.#problems.clear(name);
  }

  async #start(
    definition: WardenTaskDefinition,
    folder: vscode.WorkspaceFolder,
    name: string,
    { dimensions }: TaskTerminal,
  ): Promise<StartedTask> {
    if (definition.process !== undefined) {
      await this.#specs.ready;
      const declared = this.#declared(definition.process, folder);
      const { instance } = instanceOf(definition.process);
      return await this.#processes.startOrJoin(declared ? instanceName(declared.name, instance) : definition.process, dimensions);
    }
    const { processSpecSchema } = await import('../config/processSchema.ts');
    const { type: _type, ...keys } = definition;
    const spec = processSpecSchema.safeParse({ group: 'Tasks', ...keys });
    if (!spec.success) throw new Error(spec.error.issues.map((issue) => `${issue.path.join('.') || 'task'}: ${issue.message}`).join('; '));
    return { tree: await this.#processes.startSpec(name, spec.data, folder, dimensions), isJoined: false };
  }
}

interface StartedTask {
  readonly tree: TreeSnapshot;
  /** It ran before the task did, which follows it, and leaves it alone when it ends. */
  readonly isJoined: boolean;
}

interface TaskRun {
  readonly name: string;
  /** Where it is declared, as `FILE:LINE`. */
  readonly place: string;
  start(terminal: TaskTerminal): Promise<StartedTask>;
  reached(step: TaskStep, reason: string): void;
}

/**
 * The terminal of one task run: opening it starts the tree, closing it stops the tree, and the tree's exit code is the task's. A tree that ran before is
 * followed, and not stopped: others may need it.
 */
class TaskTerminal extends TreeTerminal {
  readonly #link: WardenLink;
  readonly #processes: Processes;
  readonly #task: TaskRun;
  #starting: Promise<StartedTask> | undefined;
  #subscription: vscode.Disposable | undefined;
  /** The tree that was started, or the newest one that has taken its place: by the restart policy, or by a user. */
  #tree: TreeSnapshot | undefined;
  #seen = false;
  #markers: TaskMarkers | undefined;
  #isClosed = false;
  #hasEnded = false;

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
    const reason = localizable('taskTerminated');
    void this.#starting
      ?.then(async ({ tree, isJoined }) => {
        const now = this.#tree ?? tree;
        if (this.#hasEnded) return;
        if (isJoined) tellBriefly(vscode.l10n.t('“{0}” runs on: its task has only followed it', labelOf(now)), briefMillis);
        else {
          tellBriefly(vscode.l10n.t('“{0}” is stopped with its task', labelOf(now)), briefMillis);
          await this.#processes.stop(now, false, reason);
        }
      })
      .catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { name, place, reached } = this.#task;
    const markers = new TaskMarkers(name, place, { say: (line) => this.say(line), reached });
    this.#markers = markers;
    try {
      this.#starting = Promise.resolve().then(() => this.#task.start(this));
      const { tree, isJoined } = await this.#starting;
      this.#tree = tree;
      if (this.#isClosed) return;
      if (isJoined)
        this.say(
          vscode.l10n.t('— {0} was running already. The task follows it, and leaves it running when it is terminated. —', labelOf(tree)),
        );
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
    this.#hasEnded = true;
    void this.drained.then(() => {
      if (tree) this.#markers?.follow(tree);
      this.end(taskExitCode(tree));
    });
  }
}

/** What the editor is told: it takes 0 alone for a success, before it goes on with what the task was for. */
function taskExitCode(tree: TreeSnapshot | undefined): number {
  const { state, exit } = tree ?? {};
  if (state === 'succeeded') return 0;
  return (state === 'failed' ? exit?.code || 1 : exit?.code) ?? 1;
}
