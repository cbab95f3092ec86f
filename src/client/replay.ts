import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { RepeatedRequest } from './curlCommand.ts';

/** Maximum number of characters of the answer that are handed on; the rest is read, and left out. */
const maxLength = 256 * 1024;

export interface ReplayEnd {
  /** Of HTTP. */
  readonly status: number;
  readonly isCut: boolean;
}

/**
 * Sends a request to the gateway again, and hands its answer on as it comes.
 * @throws the system's error where the gateway does not answer; the reason of `signal` where that is aborted.
 */
export async function replay(
  { url, path, contentType, body }: RepeatedRequest,
  token: string,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<ReplayEnd> {
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        'Content-Type': contentType || 'application/json',
        Authorization: `Bearer ${token}`,
        'User-Agent': 'tree-warden-replay',
      };
      httpRequest(`${url}${path}`, { method: 'POST', headers, signal }, resolve).on('error', reject).end(body);
    });
    const decoder = new TextDecoder();
    let length = 0;
    let isCut = false;
    for await (const piece of response as AsyncIterable<Buffer>) {
      const text = decoder.decode(piece, { stream: true });
      const taken = text.slice(0, maxLength - length);
      length += taken.length;
      isCut ||= taken.length < text.length;
      if (taken !== '') onText(taken);
    }
    return { status: response.statusCode ?? 0, isCut };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
