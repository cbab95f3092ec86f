import * as vscode from 'vscode';
import type { AgentHost } from '../../agent/host.ts';
import type { AgentTool } from '../../agent/tools.ts';
import { visible } from '../../protocol/visible.ts';
import { errorText } from '../localized.ts';

/** Names of the manifest: the agent's tools, with ours in front. */
const prefix = 'tree-warden_';

/** The agent's tools in the editor's own chat. A person is asked before anything changes. */
export function registerAgentTools(host: AgentHost, manifest: unknown): vscode.Disposable {
  const { contributes } = manifest as { contributes: { languageModelTools: readonly { readonly name: string }[] } };
  return vscode.Disposable.from(
    ...contributes.languageModelTools.map(({ name }) => vscode.lm.registerTool(name, new EditorTool(host, name.slice(prefix.length)))),
  );
}

/** A person allows what stands there: nothing of it may be hidden, or look like something else. */
function plainText(text: string): vscode.MarkdownString {
  return new vscode.MarkdownString().appendText(visible(text));
}

class EditorTool implements vscode.LanguageModelTool<unknown> {
  readonly #host: AgentHost;
  readonly #name: string;

  constructor(host: AgentHost, name: string) {
    this.#host = host;
    this.#name = name;
  }

  async prepareInvocation({ input }: vscode.LanguageModelToolInvocationPrepareOptions<unknown>): Promise<vscode.PreparedToolInvocation> {
    const { title, changes, question, input: schema } = await this.#tool();
    const given = schema.safeParse(input ?? {});
    const invocationMessage = title;
    if (!changes || !given.success) return { invocationMessage };
    return { invocationMessage, confirmationMessages: { title, message: plainText(question(given.data)) } };
  }

  async invoke({ input }: vscode.LanguageModelToolInvocationOptions<unknown>): Promise<vscode.LanguageModelToolResult> {
    const { run, input: schema } = await this.#tool();
    const given = schema.safeParse(input ?? {});
    if (!given.success)
      throw new Error(given.error.issues.map((issue) => `${issue.path.join('.') || this.#name}: ${issue.message}`).join('; '));
    try {
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(await run(this.#host, given.data))]);
    } catch (error) {
      throw new Error(errorText(error));
    }
  }

  /** Not before an agent wants it: the validation library comes along. */
  async #tool(): Promise<AgentTool> {
    const { agentTools } = await import('../../agent/tools.ts');
    const tool = agentTools.find(({ name }) => name === this.#name);
    if (!tool) throw new Error(`There is no tool ${this.#name}.`);
    return tool;
  }
}
