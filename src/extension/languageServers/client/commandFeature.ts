import * as vscode from 'vscode';
import {
  type ClientCapabilities,
  type DynamicFeature,
  type ExecuteCommandOptions,
  type ExecuteCommandRegistrationOptions,
  ExecuteCommandRequest,
  type FeatureState,
  type LanguageClient,
  type RegistrationData,
  type ServerCapabilities,
} from 'vscode-languageclient/node';

/**
 * The commands of a server. The client's own feature gives up the whole server where the editor has a command of the same name, and takes the
 * name from an extension that comes later. Here, such a command has another name in the editor; so has one that begins with `_`, which is meant for
 * the server's own answers, not for a user.
 */
export class CommandFeature implements DynamicFeature<ExecuteCommandOptions> {
  readonly registrationType = ExecuteCommandRequest.type;
  /** The names in the editor of those commands that have another one there, and the other way round. */
  readonly namesInEditor = new Map<string, string>();
  readonly namesInServer = new Map<string, string>();
  /** Names that the editor has already. */
  takenNames: ReadonlySet<string> = new Set();
  readonly #client: LanguageClient;
  readonly #registered = new Map<string, readonly vscode.Disposable[]>();

  constructor(client: LanguageClient) {
    this.#client = client;
  }

  getState(): FeatureState {
    return { kind: 'workspace', id: this.registrationType.method, registrations: this.#registered.size > 0 };
  }

  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.workspace = { ...capabilities.workspace, executeCommand: { dynamicRegistration: true } };
  }

  initialize({ executeCommandProvider }: ServerCapabilities): void {
    if (executeCommandProvider) this.register({ id: 'initial', registerOptions: executeCommandProvider });
  }

  register({ id, registerOptions }: RegistrationData<ExecuteCommandRegistrationOptions>): void {
    const commands = registerOptions.commands.flatMap((command) => this.#add(command) ?? []);
    this.#registered.set(id, [...(this.#registered.get(id) ?? []), ...commands]);
  }

  unregister(id: string): void {
    for (const command of this.#registered.get(id) ?? []) command.dispose();
    this.#registered.delete(id);
  }

  clear(): void {
    for (const id of [...this.#registered.keys()]) this.unregister(id);
    this.namesInEditor.clear();
    this.namesInServer.clear();
  }

  #add(command: string): vscode.Disposable | undefined {
    return (
      (command.startsWith('_') || this.takenNames.has(command) ? undefined : this.#registerAs(command, command)) ??
      this.#addRenamed(command)
    );
  }

  #addRenamed(command: string): vscode.Disposable | undefined {
    const name = `tree-warden.languageServer.${this.#client.name}.${command}`;
    const registered = this.#registerAs(name, command);
    if (registered === undefined) return undefined;
    this.namesInEditor.set(command, name);
    this.namesInServer.set(name, command);
    return registered;
  }

  /** Undefined where this extension host has a command of this name. */
  #registerAs(name: string, command: string): vscode.Disposable | undefined {
    try {
      return vscode.commands.registerCommand(name, (...args: unknown[]) =>
        this.#client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args }),
      );
    } catch {
      return undefined;
    }
  }
}

/** The names of all commands of the editor, those included that an extension registers when it is activated. A command of the same name would take their place. */
export async function takenNames(): Promise<ReadonlySet<string>> {
  const contributed = vscode.extensions.all.flatMap(({ packageJSON }) => {
    const { contributes } = packageJSON as { contributes?: { commands?: unknown } };
    const commands: readonly unknown[] = [contributes?.commands ?? []].flat();
    return commands.map((one) => String((one as { command?: unknown }).command));
  });
  return new Set([...(await vscode.commands.getCommands()), ...contributed]);
}
