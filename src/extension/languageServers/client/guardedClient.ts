import * as vscode from 'vscode';
import {
  CloseAction,
  type DidChangeConfigurationParams,
  type DynamicFeature,
  ErrorAction,
  ErrorCodes,
  ExecuteCommandRequest,
  type InitializeParams,
  LanguageClient,
  type LanguageClientOptions,
  type MessageTransports,
  MessageType,
  type Middleware,
  ResponseError,
  RevealOutputChannelOn,
  ShowMessageNotification,
  type StaticFeature,
  Trace,
} from 'vscode-languageclient/node';
import { errorText } from '../../../protocol/errors.ts';
import { tellError, tellInfo, tellWarning } from '../../tell.ts';
import type { TraceLevel } from '../serverStatus.ts';
import { CommandFeature, takenNames } from './commandFeature.ts';
import { renameCommands } from './commandNames.ts';
import type { RequestMeter } from './requestMeter.ts';
import { mergedSettings, nestedSettings, sectionOf } from './serverSettings.ts';
import { TraceChannel } from './traceChannel.ts';

export interface ClientParts {
  readonly name: string;
  readonly folder: vscode.WorkspaceFolder;
  readonly documentSelector: LanguageClientOptions['documentSelector'];
  readonly initializationOptions: unknown;
  /** Sections of the editor's settings that the server is sent. */
  readonly configuration: readonly string[];
  /** Settings of its declaration, which take precedence. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly output: vscode.LogOutputChannel;
  readonly requests: RequestMeter;
  /** Has a server started, and connects to it. */
  connect(): Promise<MessageTransports>;
}

const didChangeConfiguration = 'workspace/didChangeConfiguration';

/** What no server has answered: its connection has ended, which the end of its processes explains. */
const errorsOfConnection: ReadonlySet<number> = new Set([
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
  ErrorCodes.MessageReadError,
  ErrorCodes.MessageWriteError,
]);

const traces: Readonly<Record<TraceLevel, Trace>> = { off: Trace.Off, messages: Trace.Messages, verbose: Trace.Verbose };

/**
 * The client of one run of a server. It restarts nothing and tells the user nothing of the server's end: that is its owner's, who sees the
 * processes end as well.
 */
export class GuardedClient extends LanguageClient {
  readonly #parts: ClientParts;
  readonly #subscription: vscode.Disposable;
  #refusal: string | undefined;
  #trace: TraceLevel;

  constructor(parts: ClientParts, trace: TraceLevel) {
    const { name, documentSelector, configuration, output } = parts;
    let refused: (message: string) => void = () => undefined;
    super(name, name, () => parts.connect(), {
      ...(documentSelector && { documentSelector }),
      initializationOptions: parts.initializationOptions,
      synchronize: configuration.length > 0 ? { configurationSection: [...configuration] } : {},
      diagnosticCollectionName: name,
      outputChannel: output,
      traceOutputChannel: new TraceChannel(output),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: (error: unknown) => {
        if (!(error instanceof ResponseError && errorsOfConnection.has(error.code))) refused(errorText(error));
        return false;
      },
      errorHandler: {
        error: (_error, _message, count) => ({ action: count !== undefined && count <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
      middleware: middlewareFor(parts, () => this),
    });
    this.#parts = parts;
    this.#trace = trace;
    refused = (message) => {
      this.#refusal = message;
    };
    this.onNotification(ShowMessageNotification.type, ({ type, message }) => void tellFromServer(name, type, message));
    // The client sets its own level again at each change.
    this.#subscription = vscode.workspace.onDidChangeConfiguration(() => setImmediate(() => void this.#applyTrace()));
  }

  /** Why the server was not initialized although it has answered, such as that it has refused; undefined where it was, or there was no answer. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Starts the server, and resolves when it has answered `initialize`. Not `start`: the base calls that with each message. */
  async begin(): Promise<void> {
    this.#commands.takenNames = await takenNames();
    await this.start();
    await this.#applyTrace();
    const { configuration, settings } = this.#parts;
    // With sections, the client does so itself.
    if (configuration.length === 0 && Object.keys(settings).length > 0)
      await this.sendNotification(didChangeConfiguration, { settings: nestedSettings(settings) });
  }

  async setTraceLevel(level: TraceLevel): Promise<void> {
    this.#trace = level;
    await this.#applyTrace();
  }

  /**
   * The server is of one folder. The client's own option for that also takes back that it can tell of folders, without which some servers do not get
   * past their `initialized`.
   */
  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    const { folder } = this.#parts;
    params.rootPath = folder.uri.fsPath;
    params.rootUri = this.code2ProtocolConverter.asUri(folder.uri);
    params.workspaceFolders = foldersOf(this, folder);
  }

  /** Called by the constructor of the base, for each part of the protocol. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const isOfCommands = 'registrationType' in feature && feature.registrationType.method === ExecuteCommandRequest.method;
    super.registerFeature(isOfCommands ? new CommandFeature(this) : feature);
  }

  /** Into the output of the server only. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** When its connection has ended. */
  close(): void {
    this.#subscription.dispose();
  }

  get #commands(): CommandFeature {
    return this.getFeature(ExecuteCommandRequest.method) as CommandFeature;
  }

  async #applyTrace(): Promise<void> {
    // It has no connection any more: there is nothing to trace.
    await this.setTrace(traces[this.#trace]).catch(() => undefined);
  }
}

function middlewareFor({ configuration, settings, folder, requests }: ClientParts, client: () => LanguageClient): Middleware {
  return {
    sendRequest: async (type, param, token, next) => {
      const method = typeof type === 'string' ? type : type.method;
      const commands = client().getFeature(ExecuteCommandRequest.method) as CommandFeature;
      renameCommands(method, param, commands.namesInServer);
      const answer = await requests.count(() => next(type, param, token));
      renameCommands(method, answer, commands.namesInEditor);
      return answer;
    },
    workspace: {
      workspaceFolders: () => foldersOf(client(), folder),
      didChangeWorkspaceFolders: () => Promise.resolve(),
      configuration: async (params, token, next) => {
        const values = await next(params, token);
        if (!Array.isArray(values)) return values;
        return values.map((value, index) => mergedSettings(value, sectionOf(settings, params.items[index]?.section)) ?? null);
      },
      didChangeConfiguration: async (sections, next) => {
        if (sections === undefined) return await next(sections);
        const editors = Object.fromEntries(
          configuration.map((section) => [section, vscode.workspace.getConfiguration(undefined, folder).get(section)]),
        );
        const params: DidChangeConfigurationParams = { settings: mergedSettings(nestedSettings(editors), nestedSettings(settings)) };
        await client().sendNotification(didChangeConfiguration, params);
      },
    },
  };
}

function foldersOf(client: LanguageClient, { uri, name }: vscode.WorkspaceFolder): { readonly uri: string; readonly name: string }[] {
  return [{ uri: client.code2ProtocolConverter.asUri(uri), name }];
}

/** What the server wants the user to know. */
async function tellFromServer(name: string, type: MessageType, message: string): Promise<void> {
  const text = vscode.l10n.t('“{0}”: {1}', name, message);
  if (type === MessageType.Error) await tellError(text);
  else if (type === MessageType.Warning) await tellWarning(text);
  else await tellInfo(text);
}
