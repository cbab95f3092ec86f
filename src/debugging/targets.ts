/** What an inspector says of itself: https://chromedevtools.github.io/devtools-protocol/#endpoints. */
import { get } from 'node:http';

/** Bounds of the answer: any server may listen where an inspector is looked for. */
const longest = { bytes: 64 * 1024, millis: 2000 } as const;

/** The id of the process that is inspected at this address; undefined where no inspector answers. */
export function askInspector(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/json/list', agent: false, signal: AbortSignal.timeout(longest.millis) });
    request.once('error', () => resolve(undefined));
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > longest.bytes) response.destroy();
      });
      response.once('close', () => resolve(response.complete && response.statusCode === 200 ? parseTargets(text) : undefined));
      response.once('error', () => resolve(undefined));
    });
  });
}

/** The id of the first target that is a Node process. */
export function parseTargets(text: string): string | undefined {
  try {
    const targets = JSON.parse(text) as unknown;
    const target = (Array.isArray(targets) ? targets : []).find(
      (one: { readonly type?: unknown; readonly id?: unknown } | null) =>
        one?.type === 'node' && typeof one.id === 'string' && /^[\w-]{1,100}$/.test(one.id),
    ) as { readonly id: string } | undefined;
    return target?.id;
  } catch {
    return undefined;
  }
}
