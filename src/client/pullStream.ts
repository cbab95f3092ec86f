/** The download of a model by a server that speaks as Ollama does (docs/api.md, "Pull a Model"). */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { errorText, errorTextIn } from '../protocol/errors.ts';
import { formatBytes } from '../protocol/format.ts';
import { pause } from '../protocol/timers.ts';

/** Maximum number of characters of one line, and of an answer that is none of these. */
const longestLine = 100_000;
/** How long a server may take until it answers at all, and how often it is tried, in milliseconds. */
const startMillis = 60_000;
const tryMillis = 100;

/** What one line says. */
export interface PullStatus {
  readonly status: string;
  /** Bytes of the part that is being downloaded. */
  readonly total?: number;
  readonly completed?: number;
}

/**
 * Resolves when all of it is there.
 * @param port On 127.0.0.1, of a server that may still be starting.
 * @throws Error with what the server says.
 */
export async function streamPull(
  port: number,
  { path, body }: { readonly path: string; readonly body: object },
  onStatus: (status: PullStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await firstAnswer(port, path, JSON.stringify(body), signal);
  let rest = '';
  let last = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw new Error(`it answers with a line of more than ${longestLine} characters`);
    if ((response.statusCode ?? 0) >= 300) continue;
    for (const line of lines) last = follow(line, onStatus) ?? last;
  }
  if ((response.statusCode ?? 0) >= 300) throw new Error(`it answered ${response.statusCode}: ${errorTextIn(rest)}`);
  last = follow(rest, onStatus) ?? last;
  if (last !== 'success') throw new Error('its answer ended before the download had');
}

/** `pulling 6a0746a1ec1a: 34 % of 4.3 GB`. */
export function pullText({ status, total = 0, completed = 0 }: PullStatus): string {
  if (total <= 0) return status;
  return `${status}: ${Math.min(100, Math.floor((completed / total) * 100))} % of ${formatBytes(total)}`;
}

/** The status of one line; undefined where it has none. @throws Error with what it says is wrong. */
function follow(line: string, onStatus: (status: PullStatus) => void): string | undefined {
  if (line.trim() === '') return undefined;
  let said: Readonly<Record<string, unknown>> | null;
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    throw new Error(`it answers with what is no JSON: ${line.slice(0, 100)}`);
  }
  const { error, status, total, completed } = said ?? {};
  if (typeof error === 'string') throw new Error(error);
  if (typeof status !== 'string') return undefined;
  onStatus({ status, ...(typeof total === 'number' && { total }), ...(typeof completed === 'number' && { completed }) });
  return status;
}

async function firstAnswer(port: number, path: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const deadline = performance.now() + startMillis;
  for (;;) {
    try {
      return await post(port, path, body, signal);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
      if (performance.now() > deadline) throw new Error(`it does not answer: ${errorText(error)}`);
      await pause(tryMillis, signal);
    }
  }
}

function post(port: number, path: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers, signal }, resolve).on('error', reject).end(body);
  });
}
