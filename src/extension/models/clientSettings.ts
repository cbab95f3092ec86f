/** What other clients are told: pure, no editor. */
import type { GatewayInfo } from '../../protocol/models.ts';

/** A setting, or a variable, and what it is to be. */
export type Entries = Readonly<Record<string, string>>;

/** A model as Continue has it in its own words (docs.continue.dev/reference, `models`). */
export function continueModel({ url, token }: GatewayInfo, model: string): Entries {
  return { name: `${model} (Tree Warden)`, provider: 'openai', model, apiBase: `${url}/v1`, apiKey: token };
}

/** A file of Continue's that holds one model. What is JSON is YAML, too. */
export function continueFile(model: Entries): string {
  return `${JSON.stringify({ name: 'Tree Warden', version: '1.0.0', schema: 'v1', models: [model] }, null, 2)}\n`;
}

/** As llama.vscode has them: it asks a llama-server's own paths, too. */
export function llamaVscodeSettings({ url, token }: GatewayInfo, model: string): Entries {
  const server = `${url}/upstream/${encodeURIComponent(model)}`;
  const endpoints = ['endpoint', 'endpoint_chat', 'endpoint_tools', 'endpoint_embeddings'];
  const keys = ['api_key', 'api_key_chat', 'api_key_tools', 'api_key_embeddings'];
  return {
    ...Object.fromEntries(endpoints.map((name) => [name, server])),
    ...Object.fromEntries(keys.map((name) => [name, token])),
    ai_model: model,
  };
}
