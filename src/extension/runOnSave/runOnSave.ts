import { isAbsolute, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { folderOfSetting } from '../../config/specFolders.ts';
import { GlobSet } from '../../protocol/globs.ts';
import { pause } from '../../protocol/timers.ts';
import { errorText } from '../localized.ts';
import { isRunning, isWaiting, type Processes } from '../processes.ts';
import type { Profiles } from '../profiles.ts';
import { StartFailure } from '../running/failedStarts.ts';
import { tellProblem } from '../running/tellProblem.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from '../workspaceSpecs.ts';
import { SaveRuns, type StartResult } from './saveRuns.ts';

export interface RunOnSaveParts {
  readonly processes: Processes;
  readonly link: Pick<WardenLink, 'onDidChangeTrees'>;
  readonly specs: WorkspaceSpecs;
  readonly profiles: Pick<Profiles, 'includes'>;
  readonly log: vscode.LogOutputChannel;
}

/** Time in which news of what runs arrives, in milliseconds. */
const newsMillis = 250;

/** Runs processes of active profiles once for each file that is saved in the editor and that their `runOnSave` matches. */
export class RunOnSave implements vscode.Disposable {
  readonly #parts: RunOnSaveParts;
  readonly #runs: SaveRuns;
  /** By the list of globs, which is another one when a file is read anew. */
  readonly #globs = new WeakMap<readonly string[], GlobSet>();
  readonly #subscription: vscode.Disposable;

  constructor(parts: RunOnSaveParts) {
    this.#parts = parts;
    this.#runs = new SaveRuns({
      isBusy: (name) => parts.processes.pool(name).some((process) => isRunning(process) || isWaiting(process)),
      wasStopped: (name) => parts.processes.pool(name).every(({ tree }) => tree?.stopped && !tree.limit && !tree.restarting),
      start: (name, path) => this.#start(name, path),
      pause: () => pause(newsMillis),
    });
    const look = (): void => this.#runs.look((name) => parts.specs.find(name)?.spec.runOnSave !== undefined);
    this.#subscription = vscode.Disposable.from(
      vscode.workspace.onDidSaveTextDocument(({ uri }) => this.#saved(uri)),
      parts.link.onDidChangeTrees(look),
      parts.processes.onDidChangeNames(look),
    );
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #saved({ scheme, fsPath }: vscode.Uri): void {
    // A file that is not trusted decides nothing.
    if (scheme !== 'file' || !vscode.workspace.isTrusted) return;
    for (const declared of this.#parts.specs.declared)
      if (this.#matches(declared, fsPath) && this.#parts.profiles.includes(declared)) this.#runs.saved(declared.name, fsPath);
  }

  #matches({ spec, folder }: DeclaredProcess, path: string): boolean {
    const { runOnSave, folders = {} } = spec;
    if (runOnSave === undefined) return false;
    const within = relative(folderOfSetting(folders, folder.uri.fsPath, 'runOnSave'), path);
    if (within === '' || within.startsWith('..') || isAbsolute(within)) return false;
    const globs = this.#globs.get(runOnSave) ?? new GlobSet(runOnSave);
    this.#globs.set(runOnSave, globs);
    return globs.matches(within.split(sep).join('/'));
  }

  async #start(name: string, path: string): Promise<StartResult> {
    const { processes, specs, log } = this.#parts;
    try {
      const env = { TREE_WARDEN_SAVED_FILE: path };
      const { trees, failures } = await processes.startAll(name, { schedule: 'run', trigger: 'save', env });
      if (failures.length > 0) throw new StartFailure(failures);
      return trees.length > 0 ? 'started' : 'busy';
    } catch (error) {
      log.error(`runOnSave of ${name}: ${errorText(error)}`);
      void tellProblem(error, specs);
      return 'failed';
    }
  }
}
