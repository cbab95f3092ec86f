import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type * as vscode from 'vscode';

/** Maximum length of a line in characters; the rest of it is a line of its own. */
const maxLine = 10_000;

/** Writes the lines of a stream to a channel. */
export function writeLines(stream: Readable, channel: Pick<vscode.LogOutputChannel, 'info'>): void {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  const take = (text: string): void => {
    const lines = (begun + text).split(/\r?\n/);
    begun = lines.pop() ?? '';
    for (const line of lines) channel.info(line);
    for (; begun.length > maxLine; begun = begun.slice(maxLine)) channel.info(begun.slice(0, maxLine));
  };
  stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  stream.once('close', () => {
    take(decoder.end());
    if (begun !== '') channel.info(begun);
    begun = '';
  });
}
