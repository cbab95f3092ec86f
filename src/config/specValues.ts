import { dirname, sep } from 'node:path';
import { CannotStartError } from '../command/executable.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import type { Isolation } from '../protocol/isolation.ts';
import { withoutMarks } from '../protocol/processTemplate.ts';
import type { Runner } from '../protocol/runner.ts';
import { startVariableKinds } from '../protocol/startVariables.ts';
import { readEnvFiles } from './env/envFiles.ts';
import { type CommandContext, shellFor } from './fillCommand.ts';
import { type IsolateSpec, resolveIsolation } from './isolation.ts';
import { pathIn } from './pathIn.ts';
import type { ProcessSpec } from './processSchema.ts';
import { type RunnerSpec, resolveRunner } from './runnerSchema.ts';
import { folderOfSetting, type SpecFolders } from './specFolders.ts';
import { nodeToolchain } from './toolchains/node.ts';
import { pythonToolchain, selectedPython } from './toolchains/python.ts';
import { pathName, pathWith, type Toolchain, type ToolchainContext } from './toolchains/toolchain.ts';
import { fillVariables, holdsInstanceValue, type Variables } from './variables.ts';

/** The values of a process with their variables filled in, each in the folder of the file that it comes from. */
export class SpecValues {
  readonly #spec: ProcessSpec;
  readonly #context: Variables;

  constructor(spec: ProcessSpec, context: Variables) {
    this.#spec = spec;
    this.#context = context;
  }

  /** What the commands of a key are filled in with. */
  commandsOf(key: string): CommandContext {
    const { env, isTemplate = false } = this.#context;
    const context = this.#in(this.#spec.folders, key);
    return { fill: (text) => this.#fill(text, context), shell: shellFor(env), isTemplate };
  }

  /** Absolute, but for what a template leaves to the warden; where that may be an absolute path, with the folder that it is in otherwise. */
  async location(): Promise<{ readonly cwd: string; readonly folder?: string }> {
    const { isTemplate = false } = this.#context;
    const { cwd, folders } = this.#spec;
    const context = this.#in(folders, 'cwd');
    // A path of a model is not filled in further on; one of a template is, unless it is read here.
    const { asLiteral = asIs, ...plain } = context;
    if (cwd === undefined) {
      const { own = plain.workspaceFolder } = folders ?? {};
      return { cwd: isTemplate ? asLiteral(own) : own };
    }
    const folder = isTemplate ? asLiteral(plain.workspaceFolder) : plain.workspaceFolder;
    const filled = await fillVariables(cwd, isTemplate ? context : plain);
    return isTemplate && beginsWithStartVariable(filled) ? { cwd: filled, folder } : { cwd: pathIn(folder, filled) };
  }

  runner(runner: RunnerSpec): Runner {
    const { isTemplate = false } = this.#context;
    const { asLiteral = asIs, workspaceFolder } = this.#in(this.#spec.folders, 'runner');
    return resolveRunner(runner, isTemplate ? asLiteral(workspaceFolder) : workspaceFolder);
  }

  /** @throws CannotStartError where a folder is known only when an instance is started. */
  async isolation(isolate: IsolateSpec): Promise<Isolation> {
    const { asLiteral = asIs, isTemplate = false, ...plain } = this.#in(this.#spec.folders, 'isolate');
    const made = (isolate.write ?? []).map(async (written) => {
      if (isTemplate && holdsInstanceValue(written))
        throw new CannotStartError(
          `The folder ${written} cannot be written to ("isolate"): its path must not contain values of an instance.`,
        );
      return asLiteral(pathIn(plain.workspaceFolder, await this.#fill(written, plain)));
    });
    return resolveIsolation(isolate, asLiteral(plain.workspaceFolder), await Promise.all(made));
  }

  /** The environment of all processes of the file first, then its own; of each, the files below the variables. */
  async environment(): Promise<Record<string, string | null>> {
    const { shared, sharedFolders, folders } = this.#spec;
    const env: Record<string, string | null> = {};
    await this.#addEnvironment(env, shared ?? {}, sharedFolders);
    await this.#addEnvironment(env, this.#spec, folders);
    for (const toolchain of await this.#toolchains()) this.#addToolchain(env, toolchain);
    return env;
  }

  async #toolchains(): Promise<Toolchain[]> {
    const { python, node } = this.#spec;
    const found: Toolchain[] = [];
    if (python !== undefined) {
      const path = python === selectedPython ? python : await this.#fill(python, this.#plain('python'));
      found.push(await pythonToolchain(path, await this.#toolchainContext('python')));
    }
    if (node !== undefined) found.push(nodeToolchain(await this.#fill(node, this.#plain('node')), await this.#toolchainContext('node')));
    return found;
  }

  async #toolchainContext(key: string): Promise<ToolchainContext> {
    const { env, selectedPython, onFile } = this.#context;
    const folder = this.#in(this.#spec.folders, key).workspaceFolder;
    const { cwd } = await this.location();
    return {
      ...{ folder, folders: foldersUpTo(folder, withoutMarks(cwd)), env, home: homeFolder() },
      ...(selectedPython && { selectedPython }),
      ...(onFile && { onFile }),
    };
  }

  /** Its variables are below what is declared, its programs above the declared PATH, or that of this program. */
  #addToolchain(env: Record<string, string | null>, toolchain: Toolchain): void {
    const { asLiteral = asIs, onToolchain } = this.#context;
    onToolchain?.(toolchain);
    for (const [name, value] of Object.entries(toolchain.env))
      if (!Object.hasOwn(env, name)) env[name] = value === null ? null : asLiteral(value);
    const own = pathName(env);
    const inherited = pathName(this.#context.env);
    const name = Object.hasOwn(env, own) ? own : inherited;
    const before = Object.hasOwn(env, own) ? (env[own] ?? '') : asLiteral(this.#context.env[inherited] ?? '');
    env[name] = pathWith(toolchain.bins.map(asLiteral), before);
  }

  /** For what is filled in and used here. */
  #plain(key: string): Variables {
    const { asLiteral: _, isTemplate: _template, ...plain } = this.#in(this.#spec.folders, key);
    return plain;
  }

  async #addEnvironment(
    env: Record<string, string | null>,
    declared: Pick<ProcessSpec, 'env' | 'envFile'>,
    folders: SpecFolders | undefined,
  ): Promise<void> {
    const { asLiteral = asIs, isTemplate = false, ...plain } = this.#in(folders, 'envFile');
    const locate = async (path: string): Promise<string> => {
      if (isTemplate && holdsInstanceValue(path))
        throw new CannotStartError(
          `The environment file ${path} cannot be read: all instances share one, so its path must not contain values of an instance.`,
        );
      const located = pathIn(plain.workspaceFolder, await this.#fill(path, plain));
      this.#context.onFile?.(located);
      return located;
    };
    const lookUp = (variable: string): string | undefined => ownText(plain.env, variable);
    for (const [name, value] of await readEnvFiles(declared.envFile ?? [], locate, lookUp)) env[name] = asLiteral(value);
    for (const [name, value] of Object.entries(declared.env ?? {}))
      env[name] = value === null ? null : await this.#fill(value, { ...this.#in(folders, 'env', name), takesSecrets: true });
  }

  async #fill(text: string, context: Variables): Promise<string> {
    return await fillVariables(text, text.includes('${cwd}') ? { ...context, cwd: await this.#cwdFor(text, context) } : context);
  }

  async #cwdFor(text: string, { isTemplate = false }: Variables): Promise<string> {
    const { cwd, folder } = await this.location();
    // What is left to the warden is left out here, or not yet put together.
    const isKnown = folder === undefined && (isTemplate || !this.#context.isTemplate || !holdsInstanceValue(this.#spec.cwd ?? ''));
    if (!isKnown)
      throw new CannotStartError(`'${text}' cannot be filled in: the working directory is known only when the process is started.`);
    return isTemplate ? cwd : withoutMarks(cwd);
  }

  #in(folders: SpecFolders = {}, key: string, within?: string): Variables {
    const { workspaceFolder } = this.#context;
    return { ...this.#context, workspaceFolder: folderOfSetting(folders, workspaceFolder, key, within) };
  }
}

/** A folder and those above it, up to another one; that one alone where it is not in it. */
function foldersUpTo(top: string, folder: string): string[] {
  const folders: string[] = [];
  for (let one = folder; one !== top && one.startsWith(`${top}${sep}`); one = dirname(one)) folders.push(one);
  return [...folders, top];
}

/** Whether a text of a template begins with what may be an absolute path. */
function beginsWithStartVariable(text: string): boolean {
  return new RegExp(`^\\$\\{(?:${startVariableKinds.join('|')}):`).test(text);
}

function asIs(value: string): string {
  return value;
}

/** Not what every object has, such as `constructor`. */
function ownText(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  return typeof value === 'string' ? value : undefined;
}
