import * as vscode from 'vscode';
import { streamChat } from '../../client/chatStream.ts';
import type { Model, Models } from './models.ts';
import { asOpenAiMessages, asOpenAiTools, countTokens, type MessageParts } from './openAiMessages.ts';

const vendor = 'tree-warden';
/** What a model takes in all where that is not declared: only its server knows it then. */
const assumedContext = 40_960;
/** The part of it that is for answers, told to who asks. */
const answerPart = 0.2;

/** The models of this workspace in the editor's own picker, for its chat and for other extensions. */
export class LanguageModels implements vscode.LanguageModelChatProvider, vscode.Disposable {
  readonly #models: Models;
  readonly #registration: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeLanguageModelChatInformation = this.#changed.event;
  readonly #subscription: vscode.Disposable;
  #listed = '';

  constructor(models: Models) {
    this.#models = models;
    this.#registration = vscode.lm.registerLanguageModelChatProvider(vendor, this);
    this.#subscription = models.onDidChange(() => this.#tellChanges());
  }

  provideLanguageModelChatInformation(): vscode.LanguageModelChatInformation[] {
    // A model cannot be called before the gateway has started.
    if (!this.#models.gateway) return [];
    return this.#models.all.filter(answersChats).flatMap(informationOf);
  }

  async provideLanguageModelChatResponse(
    { id }: vscode.LanguageModelChatInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    options: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const { gateway } = this.#models;
    if (!gateway) throw vscode.LanguageModelError.NotFound(vscode.l10n.t('“{0}” is no longer served.', id));
    const leaving = new AbortController();
    const subscription = token.onCancellationRequested(() => leaving.abort());
    const tools = asOpenAiTools(options.tools ?? []);
    const request = {
      ...options.modelOptions,
      model: id,
      messages: asOpenAiMessages(messages.map(partsOf)),
      stream_options: { include_usage: true },
      ...(tools.length > 0 && { tools, tool_choice: options.toolMode === vscode.LanguageModelChatToolMode.Required ? 'required' : 'auto' }),
    };
    try {
      await streamChat(
        { ...gateway, client: 'tree-warden-editor' },
        request,
        {
          onText: (text) => progress.report(new vscode.LanguageModelTextPart(text)),
          onToolCall: ({ id: call, name, arguments: given }) =>
            progress.report(new vscode.LanguageModelToolCallPart(call, name, parseArguments(given))),
        },
        leaving.signal,
      );
    } catch (error) {
      if (leaving.signal.aborted) throw new vscode.CancellationError();
      throw error;
    } finally {
      subscription.dispose();
    }
  }

  provideTokenCount(_model: vscode.LanguageModelChatInformation, text: string | vscode.LanguageModelChatRequestMessage): Promise<number> {
    return Promise.resolve(countTokens(typeof text === 'string' ? text : partsOf(text).text));
  }

  dispose(): void {
    for (const disposable of [this.#registration, this.#subscription, this.#changed]) disposable.dispose();
  }

  /** Figures change all the time; who there is, does not. */
  #tellChanges(): void {
    const listed = JSON.stringify(this.provideLanguageModelChatInformation());
    if (listed === this.#listed) return;
    this.#listed = listed;
    this.#changed.fire();
  }
}

/** One for embeddings cannot. Where nothing is known of a model, it is taken for one of today's. */
function answersChats({ declared, snapshot }: Model): boolean {
  const able = snapshot?.facts?.capabilities ?? declared?.spec.capabilities;
  return able === undefined || !(able.includes('embedding') || able.includes('reranking')) || able.includes('completion');
}

/** The model, and each of its variants. Whether it takes tools is known only where it is known that it answers chats. */
function informationOf({ name, declared, snapshot }: Model): vscode.LanguageModelChatInformation[] {
  const { contextSize = declared?.spec.contextSize ?? assumedContext, capabilities: able = declared?.spec.capabilities } =
    snapshot?.facts ?? {};
  const maxOutputTokens = Math.floor(contextSize * answerPart);
  const shared = {
    family: name,
    version: '1',
    maxInputTokens: contextSize - maxOutputTokens,
    maxOutputTokens,
    capabilities: { toolCalling: !able?.includes('completion') || able.includes('tools'), imageInput: able?.includes('vision') ?? false },
    detail: declared?.spec.runtime ?? '',
  };
  const entry = (id: string, description: string | undefined): vscode.LanguageModelChatInformation => ({
    ...{ id, name: id, ...shared },
    ...(description !== undefined && { tooltip: description }),
  });
  const { description, variants = {} } = declared?.spec ?? {};
  return [entry(name, description), ...Object.entries(variants).map(([variant, own]) => entry(variant, own.description ?? description))];
}

/** What the editor's classes hold. */
function partsOf({ role, content }: vscode.LanguageModelChatRequestMessage): MessageParts {
  const calls = content.filter((part) => part instanceof vscode.LanguageModelToolCallPart);
  const results = content.filter((part) => part instanceof vscode.LanguageModelToolResultPart);
  return {
    role: role === vscode.LanguageModelChatMessageRole.Assistant ? 'assistant' : 'user',
    text: textIn(content),
    images: content.flatMap((part) => imageIn(part)),
    toolCalls: calls.map(({ callId, name, input }) => ({ id: callId, name, input })),
    toolResults: results.map(({ callId, content: found }) => ({ id: callId, text: textIn(found) })),
  };
}

function textIn(parts: readonly unknown[]): string {
  return parts.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
}

/** Newer editors have a class for data, which this one's types do not know. */
function imageIn(part: unknown): { readonly type: string; readonly base64: string } | [] {
  const { mimeType, data } = (part ?? {}) as { readonly mimeType?: unknown; readonly data?: unknown };
  const isImage = typeof mimeType === 'string' && mimeType.startsWith('image/') && data instanceof Uint8Array;
  return isImage ? { type: mimeType, base64: Buffer.from(data).toString('base64') } : [];
}

/** A model may make up anything. */
function parseArguments(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text || '{}');
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
