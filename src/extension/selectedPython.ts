import * as vscode from 'vscode';
import type { PythonEnvironment } from '../config/toolchains/toolchain.ts';

/** The part that is used of the API of the Python extension (https://github.com/microsoft/vscode-python/wiki/Python-Environment-APIs). */
interface PythonApi {
  readonly ready?: Promise<void>;
  readonly environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: { readonly path: string }): Promise<ResolvedEnvironment | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

interface ResolvedEnvironment {
  readonly executable: { readonly uri?: vscode.Uri; readonly sysPrefix?: string };
  readonly environment?: { readonly type: string };
}

const pythonExtension = 'ms-python.python';
/** Time that the Python extension has to answer, in milliseconds: it may look for environments first. */
const answerMillis = 20_000;

/** The environment that is selected in the Python extension. That is started, and asked, where a process wants it. */
export class SelectedPython implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  /** Another environment was selected. */
  readonly onDidChange = this.#changed.event;
  readonly #known = new Map<string, Promise<PythonEnvironment | undefined>>();
  #subscription: vscode.Disposable | undefined;

  /**
   * Undefined where there is no Python extension, or it has no environment for this folder.
   * @throws Error where it fails, or does not answer in time.
   */
  async environmentIn({ uri }: vscode.WorkspaceFolder): Promise<PythonEnvironment | undefined> {
    const extension = vscode.extensions.getExtension<PythonApi>(pythonExtension);
    if (extension === undefined) return undefined;
    const key = uri.toString();
    const asked = this.#known.get(key) ?? this.#askInTime(extension, uri);
    this.#known.set(key, asked);
    // What has failed is tried again.
    asked.catch(() => this.#known.delete(key));
    return await asked;
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#changed.dispose();
  }

  async #askInTime(extension: vscode.Extension<PythonApi>, folder: vscode.Uri): Promise<PythonEnvironment | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `python: the Python extension has not said in ${answerMillis / 1000} s which environment is selected.`;
      timer = setTimeout(() => reject(new Error(message)), answerMillis);
    });
    return await Promise.race([this.#ask(extension, folder), late]).finally(() => clearTimeout(timer));
  }

  async #ask(extension: vscode.Extension<PythonApi>, folder: vscode.Uri): Promise<PythonEnvironment | undefined> {
    const api = await extension.activate();
    await api.ready;
    const { environments } = api;
    this.#subscription ??= environments.onDidChangeActiveEnvironmentPath(() => {
      this.#known.clear();
      this.#changed.fire();
    });
    const found = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
    const { uri, sysPrefix } = found?.executable ?? {};
    if (uri === undefined || sysPrefix === undefined) return undefined;
    return { folder: sysPrefix, isConda: found?.environment?.type === 'Conda', bin: vscode.Uri.joinPath(uri, '..').fsPath };
  }
}
